/**
 * The profile `adot` beside ADOT 0.49: names, units, types and labels by a table made from the
 * source of its receiver and normaliser (adot-0.49.json), figures worked out here as the receiver
 * does. What differs is what docs/exporter-differences.md says, no more and no less.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  conformance,
  conformancePath,
  skipWithoutConformance,
} from '../../../test/kit/conformance.ts';
import { taskSchema, taskStatsSchema } from '../../aws/task-metadata-schema.ts';
import { collectFamilies } from '../profiles.ts';

const ROOT = join(import.meta.dirname, '../../..');
const GOLDEN = join(ROOT, 'test/golden/exporter');

type Json = Readonly<Record<string, unknown>>;
type Level = 'container' | 'ended' | 'task';

interface Table {
  readonly prefixes: Readonly<Record<Level, string>>;
  readonly metrics: readonly { name: string; unit: string; levels: string }[];
  readonly attributes: Readonly<Record<'task' | 'container', Readonly<Record<string, string>>>>;
}
const TABLE = readJson(join(GOLDEN, 'adot-0.49.json')) as unknown as Table;

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Document {
  readonly name: string;
  readonly metadata: Json;
  readonly stats: Json;
}

function readJson(file: string): Json {
  return JSON.parse(readFileSync(file, 'utf8')) as Json;
}

function documents(): Document[] {
  const shapes = readdirSync(join(GOLDEN, 'shapes'))
    // The receiver knows no instances.
    .filter((file) => file !== 'managed-instance.json')
    .map((file) => ({ name: file, ...readJson(join(GOLDEN, 'shapes', file)) }) as Document);
  if (conformance === undefined) return shapes;
  const published = ['ec2', 'fargate'].map((name) => {
    const read = (what: string): Json =>
      readJson(conformancePath('task-metadata', 'fixtures', `${name}_task_${what}.json`));
    return { name, metadata: read('metadata'), stats: read('stats') };
  });
  return [...shapes, ...published];
}

// ── What ADOT writes
// ────────────────────────────────────────────────────────────────────────────────────────────────

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Json | null | undefined)?.[key], value);
}

function amount(value: unknown, path: string): number {
  return Number(at(value, path) ?? 0);
}

function listAt(value: unknown, path: string): Json[] {
  return (at(value, path) ?? []) as Json[];
}

/** Go's difference of two times, at most what 63 bits hold. */
function nanosecondsBetween(from: unknown, to: unknown): number {
  const ns = (time: unknown): bigint => {
    const [, second = '', fraction = ''] = /^(.*?:\d\d)(?:\.(\d+))?Z$/.exec(String(time)) ?? [];
    return BigInt(Date.parse(`${second}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
  };
  return Math.min(Number(ns(to) - ns(from)), 2 ** 63 - 1);
}

/** The normaliser: each unit is unknown to it, and appended unless the name has that very part. */
function normalise(name: string, unit: string, withUnits: boolean): string {
  const parts = name.split(/[._]/);
  if (withUnits) {
    const [main = '', per] = unit.split('/');
    if (!parts.includes(main)) parts.push(main);
    if (per !== undefined) parts.push('per', per);
  }
  return parts.join('_');
}

/** The receiver's figures of a container with statistics; what is missing is 0. */
function theirFigures(container: unknown, stats: unknown): Record<string, number> {
  const cpu = at(stats, 'cpu_stats.cpu_usage');
  const hasCpu = cpu !== undefined && at(stats, 'precpu_stats.cpu_usage') !== undefined;
  const ofCpu = (path: string): number => (hasCpu ? amount(stats, path) : 0);
  const spentNs = nanosecondsBetween(at(stats, 'preread'), at(stats, 'read'));
  const usedNs =
    ofCpu('cpu_stats.cpu_usage.total_usage') - ofCpu('precpu_stats.cpu_usage.total_usage');
  // Unsigned: what went backwards is huge.
  const vcpu = spentNs > 0 ? (usedNs < 0 ? usedNs + 2 ** 64 : usedNs) / spentNs : 0;
  const units = amount(container, 'Limits.CPU');
  const networks = Object.values((at(stats, 'networks') ?? {}) as Json);
  const figures: Record<string, number> = {
    'memory.usage': amount(stats, 'memory_stats.usage'),
    'memory.usage.max': amount(stats, 'memory_stats.max_usage'),
    'memory.usage.limit': amount(stats, 'memory_stats.limit'),
    'memory.utilized': Math.floor(
      (amount(stats, 'memory_stats.usage') - amount(stats, 'memory_stats.stats.cache')) / 2 ** 20,
    ),
    'memory.reserved': amount(container, 'Limits.Memory'),
    'cpu.usage.total': ofCpu('cpu_stats.cpu_usage.total_usage'),
    'cpu.usage.kernelmode': ofCpu('cpu_stats.cpu_usage.usage_in_kernelmode'),
    'cpu.usage.usermode': ofCpu('cpu_stats.cpu_usage.usage_in_usermode'),
    'cpu.cores': hasCpu ? listAt(cpu, 'percpu_usage').length : 0,
    'cpu.onlines': ofCpu('cpu_stats.online_cpus'),
    'cpu.usage.system': ofCpu('cpu_stats.system_cpu_usage'),
    'cpu.utilized': (vcpu * 100) / (units > 0 ? units : 1),
    'cpu.reserved': units,
    'cpu.usage.vcpu': vcpu,
    'network.rate.rx': amount(stats, 'network_rate_stats.rx_bytes_per_sec'),
    'network.rate.tx': amount(stats, 'network_rate_stats.tx_bytes_per_sec'),
  };
  for (const { name } of TABLE.metrics) {
    const key = /^network\.io\.usage\.(.*)/.exec(name)?.[1];
    if (key !== undefined)
      figures[name] = networks.reduce<number>((sum, one) => sum + amount(one, key), 0);
    const op = /^storage\.(read|write)_bytes/.exec(name)?.[1];
    if (op !== undefined)
      figures[name] = listAt(stats, 'blkio_stats.io_service_bytes_recursive')
        .filter((one) => one['op'] === (op === 'read' ? 'Read' : 'Write'))
        .reduce((sum, one) => sum + amount(one, 'value'), 0);
  }
  return figures;
}

function theirLabels(level: 'task' | 'container', of: Json): Record<string, string> {
  const text = (key: string): string => String((of[key] as string | number | undefined) ?? '');
  const arn = text('TaskARN').startsWith('arn:aws:ecs') ? text('TaskARN') : '';
  const [tagged = ''] = text('Image').split('@');
  const tag = /:([^/:]*)$/.exec(tagged)?.[1];
  const derived: Record<string, string> = {
    'last part of Cluster': text('Cluster').split('/').at(-1) ?? '',
    'last part of TaskARN': arn.split('/').at(-1) ?? '',
    '4th part of TaskARN': arn.split(':')[3] ?? '',
    '5th part of TaskARN': arn.split(':')[4] ?? '',
    'LaunchType in lower case, of ec2 and fargate alone':
      /^(ec2|fargate)$/i.exec(text('LaunchType'))?.[0].toLowerCase() ?? '',
    'Image without tag and digest': tag === undefined ? tagged : tagged.slice(0, -tag.length - 1),
    'tag of Image, else latest': tag ?? 'latest',
  };
  return Object.fromEntries(
    Object.entries(TABLE.attributes[level])
      .map(([name, from]) => [name.replaceAll('.', '_'), derived[from] ?? text(from)] as const)
      .filter(([, value]) => value !== ''),
  );
}

function theirSeries({ metadata, stats }: Document, withUnits: boolean): Series[] {
  const all: Series[] = [];
  const put = (level: Level, figures: Record<string, number>, labels: Series['labels']): void => {
    for (const { name, unit, levels } of TABLE.metrics.filter((row) =>
      row.levels.includes(level),
    )) {
      const full = normalise(TABLE.prefixes[level] + name, unit, withUnits);
      assert.ok(name in figures, `no rule for ${name}`);
      if (levels.split(' ').includes(level))
        all.push({ name: full, labels, value: figures[name] ?? 0 });
    }
  };
  const ofTask = theirLabels('task', metadata);
  const sums: Record<string, number> = {};
  for (const container of listAt(metadata, 'Containers')) {
    const labels = { ...theirLabels('container', container), ...ofTask };
    const one = stats[String(container['DockerId'])];
    if ((at(one, 'id') ?? '') !== '') {
      const figures = theirFigures(container, one);
      put('container', figures, labels);
      for (const [name, value] of Object.entries(figures)) sums[name] = (sums[name] ?? 0) + value;
    } else if (container['StartedAt'] !== undefined && container['FinishedAt'] !== undefined) {
      const ranNs = nanosecondsBetween(container['StartedAt'], container['FinishedAt']);
      put('ended', { duration: ranNs / 1e9 }, labels);
    }
  }
  const memory = at(metadata, 'Limits.Memory');
  const cpu = at(metadata, 'Limits.CPU');
  const reserved = cpu === undefined ? (sums['cpu.reserved'] ?? 0) : Number(cpu) * 1_024;
  const zeros = Object.fromEntries(TABLE.metrics.map(({ name }) => [name, 0]));
  put(
    'task',
    {
      ...zeros,
      ...sums,
      'memory.reserved': memory === undefined ? (sums['memory.reserved'] ?? 0) : Number(memory),
      'cpu.reserved': reserved,
      'cpu.utilized': reserved > 0 ? (sums['cpu.usage.vcpu'] ?? 0) * 1_024 : 0,
      'ephemeral_storage.utilized': amount(metadata, 'EphemeralStorageMetrics.Utilized'),
      'ephemeral_storage.reserved': amount(metadata, 'EphemeralStorageMetrics.Reserved'),
    },
    ofTask,
  );
  return all;
}

// ── What we write, and what differs
// ─────────────────────────────────────────────────────────────────────────────────

function ourSeries({ metadata, stats }: Document, profile: 'adot' | 'adot_units'): Series[] {
  const tasks = [taskSchema.parse(metadata)];
  const reading = { isUp: true, tasks, stats: taskStatsSchema.parse(stats), tMs: 0 };
  const options = { profiles: [profile], isBasic: false, isInstance: false };
  return collectFamilies(reading, options)
    .filter(({ name }) => name !== 'ecs_up')
    .flatMap(({ name, type, samples }) => {
      assert.equal(type, 'gauge', name);
      return samples.map(({ labels, value }) => ({
        name,
        labels: Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== '')),
        value,
      }));
    });
}

interface Difference {
  readonly document: Document;
  readonly name: string;
  /** A label, or undefined where the figure differs. */
  readonly label?: string;
  readonly theirs: number | string | undefined;
  readonly ours: number | string | undefined;
}

const isTask = ({ name }: Difference): boolean => name.startsWith('ecs_task_');
const is = ({ name }: Difference, pattern: RegExp): boolean => pattern.test(name);
const text = ({ document }: Difference): string => JSON.stringify(document);
const hasPause = (one: Difference): boolean => text(one).includes('CNI_PAUSE');
const isAbsent = ({ ours, theirs, label }: Difference): boolean =>
  label === undefined && ours === undefined && theirs !== undefined;
const differs = ({ ours, theirs, label }: Difference): boolean =>
  label === undefined && ours !== undefined && theirs !== undefined;

/**
 * Under the words of the first column of the table in the documentation. The first that fits
 * counts.
 */
const RULES: Readonly<Record<string, (one: Difference) => boolean>> = {
  "the agent's own containers (`~internal~ecs~pause`)": (one) =>
    hasPause(one) &&
    (isTask(one)
      ? differs(one) && !is(one, /network|cpu_(cores|onlines|usage_system)/)
      : isAbsent(one) &&
        one.document.name === 'pause-container.json' &&
        theirContainer(one) === 'p'),
  'a figure that the endpoint lacks, or has under another name (memory and block I/O of Windows)': (
    one,
  ) => isAbsent(one) && one.theirs === 0,
  'memory limits that stand for none (2^62 bytes and more)': (one) =>
    isAbsent(one) && is(one, /memory_usage_limit/) && Number(one.theirs) >= 2 ** 62,
  'CPU in use without two samples, or with a counter that went backwards': (one) =>
    is(one, /cpu_(usage_vcpu|utilized)/) &&
    one.document.name === 'first-sample.json' &&
    (isAbsent(one) || (isTask(one) && differs(one))),
  'a rate below 0': (one) => is(one, /network_rate_rx/) && Number(one.theirs) < 0,
  'CPU time on Windows': (one) =>
    text(one).includes('privateworkingset') && differs(one) && is(one, /cpu_(usage_|utilized)/),
  'percent of a container (`container_cpu_utilized`)': (one) =>
    is(one, /^container_cpu_utilized/) && differs(one),
  'page cache on cgroup v2': (one) =>
    is(one, /memory_utilized/) && differs(one) && text(one).includes('"file":'),
  'block I/O on cgroup v2': (one) =>
    is(one, /storage_/) && differs(one) && one.theirs === 0 && text(one).includes('"op":"read"'),
  'number of CPUs (`…_cpu_cores`) on cgroup v2': (one) =>
    is(one, /cpu_cores/) && differs(one) && one.theirs === 0,
  "the host's CPU time and CPUs of a task": (one) =>
    is(one, /^ecs_task_cpu_(usage_system|cores|onlines)/) &&
    differs(one) &&
    Number(one.theirs) > Number(one.ours),
  'network of a task whose containers share one': (one) =>
    is(one, /^ecs_task_network_/) && differs(one) && Number(one.theirs) > Number(one.ours),
  'region, account and id of a task in another partition': (one) =>
    /^(cloud_region|cloud_account_id|aws_ecs_task_id)$/.test(one.label ?? '') &&
    one.theirs === undefined,
  'tag of an image that is named by its digest': (one) =>
    one.label === 'container_image_tag' && one.theirs === 'latest' && one.ours === undefined,
};

function theirContainer({ name }: Difference): string | undefined {
  return /\{(.*)\}/.exec(name)?.[1];
}

function differencesOf(document: Document, profile: 'adot' | 'adot_units'): Difference[] {
  const key = ({ name, labels }: Series): string => `${name}{${labels['container_id'] ?? ''}}`;
  const ours = new Map(ourSeries(document, profile).map((one) => [key(one), one]));
  const theirs = new Map(
    theirSeries(document, profile === 'adot_units').map((one) => [key(one), one]),
  );
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((name) => {
    const [own, their] = [ours.get(name), theirs.get(name)];
    const found: Difference[] = [];
    const nearly = Math.abs((own?.value ?? NaN) / (their?.value ?? NaN) - 1) <= 1e-6;
    if (own?.value !== their?.value && !nearly)
      found.push({ document, name, ours: own?.value, theirs: their?.value });
    if (own === undefined || their === undefined) return found;
    for (const label of new Set([...Object.keys(own.labels), ...Object.keys(their.labels)]))
      if (own.labels[label] !== their.labels[label])
        found.push({ document, name, label, ours: own.labels[label], theirs: their.labels[label] });
    return found;
  });
}

test(
  "the figures and labels are ADOT's but for the documented differences",
  { skip: skipWithoutConformance },
  () => {
    const used = new Set<string>();
    const unknown: string[] = [];
    for (const document of documents()) {
      for (const profile of ['adot', 'adot_units'] as const) {
        for (const one of differencesOf(document, profile)) {
          const rule = Object.entries(RULES).find(([, fits]) => fits(one))?.[0];
          if (rule === undefined)
            unknown.push(
              `${document.name} ${one.name} ${one.label ?? ''}: ${one.theirs} there, ` +
                `${one.ours} here`,
            );
          else used.add(rule);
        }
      }
    }
    assert.deepEqual(unknown, []);
    assert.deepEqual([...used].toSorted(), Object.keys(RULES).toSorted());
  },
);

test('the documentation lists these differences and no others', () => {
  const docs = readFileSync(join(ROOT, 'docs/exporter-differences.md'), 'utf8');
  const section = docs.slice(docs.indexOf('\n## adot'));
  const rows = [...section.matchAll(/^\| (.*?) \| .* \|$/gm)].map(([, first]) => first ?? '');
  assert.deepEqual(rows.slice(1).toSorted(), Object.keys(RULES).toSorted());
});

test('with all figures there, the names are those of the table, neither more nor fewer', () => {
  const document = { name: 'everything', ...readJson(join(GOLDEN, 'shapes/everything.json')) };
  for (const profile of ['adot', 'adot_units'] as const) {
    const names = (all: readonly Series[]): string[] =>
      [...new Set(all.map(({ name }) => name))].toSorted();
    const theirs = names(theirSeries(document as Document, profile === 'adot_units'));
    assert.equal(theirs.length, 55);
    assert.deepEqual(names(ourSeries(document as Document, profile)), theirs);
  }
});

test('percent of a container is of its share, else of the limit of the task, else of one CPU', () => {
  const utilized = (containerUnits: number | undefined, taskVcpus?: number): number | undefined => {
    const stats = {
      read: '2026-05-15T10:00:10Z',
      preread: '2026-05-15T10:00:00Z',
      cpu_stats: { cpu_usage: { total_usage: 5.08e9 } },
      precpu_stats: { cpu_usage: { total_usage: 5e9 } },
    };
    const Limits = { CPU: containerUnits };
    const metadata = {
      Limits: { CPU: taskVcpus },
      Containers: [{ DockerId: 'a', Name: 'a', Limits }],
    };
    const series = ourSeries({ name: '', metadata, stats: { a: { id: 'a', ...stats } } }, 'adot');
    return series.find(({ name }) => name === 'container_cpu_utilized')?.value;
  };
  const cases: [units: number | undefined, vcpus: number | undefined, percent: number][] = [
    // 0.008 vCPU; a share of 2 units, or of 0, stands for none.
    [2, 0.25, 3.2],
    [0, 0.25, 3.2],
    [undefined, 0.25, 3.2],
    [128, 0.25, 6.4],
    [2, undefined, 0.8],
    [2, 0, 0.8],
  ];
  for (const [units, vcpus, percent] of cases)
    assert.ok(Math.abs((utilized(units, vcpus) ?? NaN) - percent) < 1e-9, `${units} ${vcpus}`);
});
