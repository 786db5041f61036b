/**
 * The page of `--basic` beside what ecs_exporter 0.4 gives for the same two tasks, as its project
 * publishes it: every series, figure and type. What differs is listed here, and each point of it in
 * docs/exporter-differences.md.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../test/kit/conformance.ts';
import { taskSchema, taskStatsSchema } from '../aws/task-metadata-schema.ts';
import { writeExposition } from '../wire/exposition/writer.ts';
import { collectFamilies } from './profiles.ts';

const DOCS = join(import.meta.dirname, '../../docs/exporter-differences.md');

function published(...path: string[]): string {
  return readFileSync(conformancePath('task-metadata', ...path), 'utf8');
}

/** Samples with their labels in order and their figures as numbers, and types. */
function linesOf(page: string): Map<string, number | string> {
  const lines = new Map<string, number | string>();
  for (const line of page.split('\n')) {
    const space = line.lastIndexOf(' ');
    if (line.startsWith('# TYPE')) lines.set(line.slice(0, space), line.slice(space + 1));
    if (line === '' || line.startsWith('#')) continue;
    const series = line
      .slice(0, space)
      .replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').toSorted().join(',')}}`);
    lines.set(series, Number(line.slice(space + 1)));
  }
  return lines;
}

/**
 * `-` is there alone, `+` here alone; a figure that differs is both. They round otherwise: 15
 * digits count.
 */
function differencesOf(kind: string): string[] {
  const tasks = [taskSchema.parse(JSON.parse(published('fixtures', `${kind}_task_metadata.json`)))];
  const stats = taskStatsSchema.parse(JSON.parse(published('fixtures', `${kind}_task_stats.json`)));
  const options = { profiles: ['ecs_exporter'] as const, isBasic: true, isInstance: false };
  const families = collectFamilies({ isUp: true, tasks, stats, tMs: 0 }, options);
  const ours = linesOf(writeExposition(families));
  const theirs = linesOf(published('snapshots', `${kind}_metrics.txt`));
  return [...new Set([...theirs.keys(), ...ours.keys()])].toSorted().flatMap((key) => {
    const [their, own] = [theirs.get(key), ours.get(key)];
    const rounded = (value: number | string | undefined): unknown =>
      typeof value === 'number' ? value.toPrecision(15) : value;
    if (rounded(their) === rounded(own)) return [];
    return [
      ...(their === undefined ? [] : [`- ${key} ${their}`]),
      ...(own === undefined ? [] : [`+ ${key} ${own}`]),
    ];
  });
}

const UP = ['+ # TYPE ecs_up gauge', '+ ecs_up 1'];

test(
  'of the Fargate task every series is theirs, and ecs_up more',
  { skip: skipWithoutConformance },
  () => {
    assert.deepEqual(differencesOf('fargate'), UP);
  },
);

test(
  'of the EC2 task the network is by container, and the page cache is found',
  { skip: skipWithoutConformance },
  () => {
    const CACHE = 'ecs_container_memory_page_cache_size_bytes';
    const network = (name: string, ecsExporter: number, prometheus: number): string[] => [
      `+ ecs_network_${name}{container_name="ecs-exporter",interface="eth0"} ${ecsExporter}`,
      `+ ecs_network_${name}{container_name="prometheus",interface="eth0"} ${prometheus}`,
      `- ecs_network_${name}{interface="eth0"} ${prometheus}`,
    ];
    assert.deepEqual(differencesOf('ec2'), [
      UP[0],
      `- ${CACHE}{container_name="ecs-exporter"} 0`,
      `+ ${CACHE}{container_name="ecs-exporter"} 25296896`,
      `- ${CACHE}{container_name="prometheus"} 0`,
      `+ ${CACHE}{container_name="prometheus"} 19619840`,
      ...network('receive_bytes_total', 101_869, 45_368),
      ...network('receive_errors_total', 0, 0),
      ...network('receive_packets_dropped_total', 0, 0),
      ...network('receive_packets_total', 284, 132),
      ...network('transmit_bytes_total', 43_958, 13_532),
      ...network('transmit_errors_total', 0, 0),
      ...network('transmit_packets_dropped_total', 0, 0),
      ...network('transmit_packets_total', 278, 118),
      UP[1],
    ]);
  },
);

test('the documentation has a row for each of these points', () => {
  const docs = readFileSync(DOCS, 'utf8');
  for (const what of [
    '`ecs_up`',
    '`ecs_container_memory_page_cache_size_bytes` on cgroup v2',
    'network in bridge mode',
  ])
    assert.ok(docs.includes(`\n| ${what} | `), what);
});

test('ecs_task_metadata_info has each of its labels, those without a value too', () => {
  const page = (metadata: object): string =>
    writeExposition(
      collectFamilies(
        { isUp: true, tasks: [taskSchema.parse(metadata)], stats: {}, tMs: 0 },
        { profiles: ['ecs_exporter', 'ecs_exporter_v0.3'], isBasic: true, isInstance: false },
      ),
    );
  const text = page({ Family: 'web', Containers: [] });
  assert.match(
    text,
    /^ecs_task_metadata_info\{availability_zone="",cluster="",desired_status="",family="web",known_status="",launch_type="",revision="",task_arn=""} 1$/m,
  );
  assert.match(
    text,
    /^ecs_metadata_info\{cluster="",task_arn="",family="web",.*launch_type=""} 1$/m,
  );
});
