/**
 * The receiver's names, units, kinds, figures and attributes for the two published tasks. The table
 * was worked out by hand from the receiver's source and the fixtures, not by this code.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../test/kit/conformance.ts';
import { containerStatsSchema, taskSchema, taskStatsSchema } from '../aws/task-metadata-schema.ts';
import { observeTasks } from './otel-metrics.ts';
import type { TaskReading } from './reading.ts';

/** Name, unit, kind; the figures of each resource below are in this order. */
const METRICS = `
memory.usage Bytes gauge | memory.usage.max Bytes gauge | memory.usage.limit Bytes gauge
memory.utilized MiB gauge | memory.reserved MiB gauge
cpu.usage.total Nanoseconds sum | cpu.usage.kernelmode Nanoseconds sum
cpu.usage.usermode Nanoseconds sum | cpu.cores Count gauge | cpu.onlines Count gauge
cpu.usage.system Nanoseconds sum | cpu.utilized None gauge | cpu.reserved None gauge
cpu.usage.vcpu vCPU gauge | network.rate.rx Bytes/Second gauge | network.rate.tx Bytes/Second gauge
network.io.usage.rx_bytes Bytes sum | network.io.usage.rx_packets Count sum
network.io.usage.rx_errors Count sum | network.io.usage.rx_dropped Count sum
network.io.usage.tx_bytes Bytes sum | network.io.usage.tx_packets Count sum
network.io.usage.tx_errors Count sum | network.io.usage.tx_dropped Count sum
storage.read_bytes Bytes sum | storage.write_bytes Bytes sum`
  .split(/[|\n]/)
  .map((row) => row.trim().split(' '))
  .filter(({ length }) => length === 3);

const EPHEMERAL = [
  ['ephemeral_storage.utilized', 'MiB', 'gauge'],
  ['ephemeral_storage.reserved', 'MiB', 'gauge'],
];

/** By container, or by `task`. */
const FIGURES: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  fargate: {
    prometheus: [
      127934464, 128557056, 9223372036854771712, 40, 0, 932439492, 120000000, 880000000, 2, 2,
      2121200000000, 0.035963129488530955, 2, 0.0007192625897706191, 2464.6679803462657,
      1173.289548516495, 129045374, 88933, 0, 0, 347839, 3501, 0, 0, 89202688, 0,
    ],
    'ecs-exporter': [
      84111360, 84238336, 9223372036854771712, 39, 0, 322633383, 50000000, 180000000, 2, 2,
      2121630000000, 0.3993245656296255, 2, 0.00798649131259251, 2556.879064581499,
      1211.8374728018853, 129046293, 88938, 0, 0, 348223, 3507, 0, 0, 43294720, 4096,
    ],
    // The receiver's own sum of the limits wraps around and is -8192; here it is the sum.
    task: [
      212045824, 212795392, 18446744073709543424, 79, 512, 1255072875, 170000000, 1060000000, 4, 4,
      4242830000000, 8.914691996019844, 256, 0.008705753902363129, 5021.547044927765,
      2385.1270213183802, 258091667, 177871, 0, 0, 696062, 7008, 0, 0, 132497408, 4096, 427, 20496,
    ],
  },
  ec2: {
    'ecs-exporter': [
      65249280, 0, 268435456, 62, 256, 331125000, 66278000, 264846000, 0, 2, 1045600000000,
      0.004019846961985903, 128, 0.005145404111341956, 2764.084716796875, 3390.065673828125, 101869,
      284, 0, 0, 43958, 278, 0, 0, 0, 0,
    ],
    prometheus: [
      60981248, 0, 268435456, 58, 256, 566060000, 164664000, 401395000, 0, 2, 1045600000000, 0, 128,
      0, 41.86697006225586, 41.86697006225586, 45368, 132, 0, 0, 13532, 118, 0, 0, 0, 0,
    ],
    task: [
      126230528, 0, 536870912, 120, 512, 897185000, 230942000, 666241000, 0, 4, 2091200000000,
      5.268893810014163, 256, 0.005145404111341956, 2805.951686859131, 3431.932643890381, 147237,
      416, 0, 0, 57490, 396, 0, 0, 0, 0, 0, 0,
    ],
  },
}; // prettier-ignore

const DURATIONS: Readonly<Record<string, number>> = { fargate: 0.018901813, ec2: 0.017063212 };

const TASKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  fargate: {
    'aws.ecs.cluster.name': 'prom-ecs-exporter-sandbox',
    'aws.ecs.launchtype': 'fargate',
    'aws.ecs.service.name': '',
    'aws.ecs.task.arn':
      'arn:aws:ecs:us-east-1:829490980523:task/prom-ecs-exporter-sandbox/bae32def0ab64f06818e8862e58f8d6d',
    'aws.ecs.task.family': 'prom-ecs-exporter-sandbox-main-fargate',
    'aws.ecs.task.id': 'bae32def0ab64f06818e8862e58f8d6d',
    'aws.ecs.task.known_status': 'RUNNING',
    'aws.ecs.task.launch_type': 'FARGATE',
    'aws.ecs.task.pull_started_at': '2025-02-27T05:06:03.714437592Z',
    'aws.ecs.task.pull_stopped_at': '2025-02-27T05:06:18.599126545Z',
    'aws.ecs.task.revision': '9',
    'aws.ecs.task.version': '9',
    'cloud.account.id': '829490980523',
    'cloud.availability_zone': 'us-east-1a',
    'cloud.region': 'us-east-1',
  },
  ec2: {
    'aws.ecs.cluster.name': 'prom-ecs-exporter-sandbox',
    'aws.ecs.launchtype': 'ec2',
    'aws.ecs.service.name': 'prom-ecs-exporter-sandbox-main-ec2',
    'aws.ecs.task.arn':
      'arn:aws:ecs:us-east-1:829490980523:task/prom-ecs-exporter-sandbox/506f22fab0414cde856201584703fed9',
    'aws.ecs.task.family': 'prom-ecs-exporter-sandbox-main-ec2',
    'aws.ecs.task.id': '506f22fab0414cde856201584703fed9',
    'aws.ecs.task.known_status': 'RUNNING',
    'aws.ecs.task.launch_type': 'EC2',
    'aws.ecs.task.pull_started_at': '2025-02-27T05:09:52.332595252Z',
    'aws.ecs.task.pull_stopped_at': '2025-02-27T05:10:01.206072368Z',
    'aws.ecs.task.revision': '13',
    'aws.ecs.task.version': '13',
    'cloud.account.id': '829490980523',
    'cloud.availability_zone': 'us-east-1a',
    'cloud.region': 'us-east-1',
  },
}; // prettier-ignore

/** Of the container that has stopped and of one that runs, beside those of the task. */
const CONTAINERS: Readonly<Record<string, Readonly<Record<string, Record<string, string>>>>> = {
  fargate: {
    nonessential: {
      'aws.ecs.container.created_at': '2025-02-27T05:06:19.200809191Z',
      'aws.ecs.container.exit_code': '0',
      'aws.ecs.container.finished_at': '2025-02-27T05:06:19.219711004Z',
      'aws.ecs.container.image.id':
        'sha256:a8560b36e8b8210634f77d9f7f9efd7ffa463e380b75e2e74aff4511df3ef88c',
      'aws.ecs.container.know_status': 'STOPPED',
      'aws.ecs.container.started_at': '2025-02-27T05:06:19.200809191Z',
      'aws.ecs.docker.name': 'nonessential',
      'container.id': 'bae32def0ab64f06818e8862e58f8d6d-1585788040',
      'container.image.name': 'alpine',
      'container.image.tag': 'latest',
      'container.name': 'nonessential',
    },
    'ecs-exporter': {
      'aws.ecs.container.created_at': '2025-02-27T05:06:19.394790335Z',
      'aws.ecs.container.image.id':
        'sha256:d1802fb18cb208eda88d4b23aeff903e72c091c20fcdf02596d6bec4679f676d',
      'aws.ecs.container.know_status': 'RUNNING',
      'aws.ecs.container.started_at': '2025-02-27T05:06:19.394790335Z',
      'aws.ecs.docker.name': 'ecs-exporter',
      'container.id': 'bae32def0ab64f06818e8862e58f8d6d-4159844948',
      'container.image.name': 'quay.io/prometheuscommunity/ecs-exporter',
      'container.image.tag': 'main',
      'container.name': 'ecs-exporter',
    },
  },
  ec2: {
    prometheus: {
      'aws.ecs.container.created_at': '2025-02-27T05:10:01.22383376Z',
      'aws.ecs.container.image.id':
        'sha256:f3d60e89ba2d4a402d1c62dccdab300f81579355e0744670c55b9ba282f3b56d',
      'aws.ecs.container.know_status': 'RUNNING',
      'aws.ecs.container.started_at': '2025-02-27T05:10:02.730952683Z',
      'aws.ecs.docker.name':
        'ecs-prom-ecs-exporter-sandbox-main-ec2-13-prometheus-86f1e9bab7a8e9a65400',
      'container.id': '6b80adab0733f579594eccae31e5b0056b9544b805450ad6e278fed7f5e1c5ba',
      'container.image.name': 'prom/prometheus',
      'container.image.tag': 'v3.1.0',
      'container.name': 'prometheus',
    },
  },
};

function readFixtures(kind: string): TaskReading {
  const read = (what: string): unknown =>
    JSON.parse(
      readFileSync(conformancePath('task-metadata', 'fixtures', `${kind}_${what}.json`), 'utf8'),
    );
  const tasks = [taskSchema.parse(read('task_metadata'))];
  return { isUp: true, tasks, stats: taskStatsSchema.parse(read('task_stats')), tMs: 0 };
}

for (const kind of ['fargate', 'ec2'])
  test(`${kind}: names, units, kinds and figures are those of the receiver`, { skip: skipWithoutConformance }, () => {
    const told = observeTasks(readFixtures(kind)).map(({ attributes, metrics }) => [
      attributes['container.name'] ?? 'task',
      metrics.map(({ name, unit, kind: sort, value }) => [name, unit, sort, value]),
    ]);
    const rowsOf = (prefix: string, rows: readonly string[][], figures: readonly number[]) =>
      rows.map(([name, unit, sort], index) => [prefix + name, unit, sort, figures[index]]);
    const expected = Object.entries(FIGURES[kind]!).map(([name, figures]) =>
      name === 'task'
        ? [name, rowsOf('ecs.task.', [...METRICS, ...EPHEMERAL], figures)]
        : [name, rowsOf('container.', METRICS, figures)],
    );
    const stopped = [['container.duration', 'Seconds', 'gauge', DURATIONS[kind]]];
    assert.deepEqual(told, [['nonessential', stopped], ...expected]);
  }); // prettier-ignore

for (const kind of ['fargate', 'ec2'])
  test(`${kind}: the attributes are those of the receiver`, { skip: skipWithoutConformance }, () => {
    const resources = observeTasks(readFixtures(kind));
    const byName = new Map(resources.map(({ attributes }) => [attributes['container.name'], attributes]));
    assert.deepEqual(byName.get(undefined), TASKS[kind]);
    for (const [name, own] of Object.entries(CONTAINERS[kind]!))
      assert.deepEqual(byName.get(name), { ...TASKS[kind], ...own });
  }); // prettier-ignore

test('without statistics nothing is told, and no sum where those of a container are too old', () => {
  const container = (id: string) => ({ DockerId: id, Name: id });
  const tasks = [taskSchema.parse({ TaskARN: 'a:b', Containers: [container('a'), container('b')] })];
  const sample = containerStatsSchema.parse({ read: '2026-01-01T00:00:00Z', memory_stats: { usage: 1 } });
  const frozen = containerStatsSchema.parse({ read: '2026-01-01T00:00:00Z' });
  const reading = (stats: TaskReading['stats']): TaskReading => ({ isUp: true, tasks, stats, tMs: 0 });
  assert.deepEqual(observeTasks(reading(undefined)), []);
  assert.deepEqual(observeTasks({ ...reading({}), tasks: undefined }), []);
  const names = (stats: TaskReading['stats']) =>
    observeTasks(reading(stats)).map(({ attributes }) => attributes['container.name'] ?? 'task');
  assert.deepEqual(names({ a: sample, b: null }), ['a', 'task']);
  assert.deepEqual(names({ a: sample, b: frozen }), ['a']);
}); // prettier-ignore
