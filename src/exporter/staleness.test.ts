/**
 * Every metric of every profile, its source, and what is told of it when a source fails or stands
 * still. A metric that is new needs a line here.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TaskMetadataClient } from '../aws/task-metadata.ts';
import { taskSchema, taskStatsSchema } from '../aws/task-metadata-schema.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { PROFILE_NAMES } from './profiles.ts';
import { MetadataReader } from './reader.ts';
import { createExporter } from './server.ts';
import { createWorld, openHttp } from '../../test/kit/world.ts';

const SHAPE = join(import.meta.dirname, '../../test/golden/exporter/shapes/everything.json');
const PROFILES = join(import.meta.dirname, 'profiles');
const START_MS = Date.parse('2026-05-15T10:00:20Z');

/**
 * The samples are there as before; not there; there, without the labels that tell a state; there
 * with other figures.
 */
type Outcome = 'same' | 'absent' | 'stateless' | 'other';

interface Rule {
  readonly source: string;
  /** `/task` fails once, and for more than two readings. */
  readonly metadataOnce: Outcome;
  readonly metadata: Outcome;
  /** `/task/stats` fails once, and for more than two readings. */
  readonly statsOnce: Outcome;
  readonly stats: Outcome;
  /** `/task/stats` answers with the same samples for more than five minutes. */
  readonly frozen: Outcome;
  /** `/taskWithTags` fails once, and for more than two readings (which are ten minutes apart). */
  readonly tagsOnce: Outcome;
  readonly tags: Outcome;
}

const same = {
  metadataOnce: 'same',
  metadata: 'same',
  statsOnce: 'same',
  stats: 'same',
  frozen: 'same',
  tagsOnce: 'same',
  tags: 'same',
} as const;
const noStats = { statsOnce: 'absent', stats: 'absent' } as const;

const RULES = {
  /** Who something is, what it may use, when it happened. */
  lasting: { ...same, source: '/task' },
  /** The same, with a state among its labels. */
  labelled: { ...same, source: '/task', metadata: 'stateless' },
  state: { ...same, source: '/task', metadata: 'absent' },
  figure: { ...same, ...noStats, source: '/task/stats', frozen: 'absent' },
  labelledFigure: {
    ...same,
    ...noStats,
    source: '/task/stats, labels of /task',
    metadata: 'stateless',
    frozen: 'absent',
  },
  age: { ...same, ...noStats, source: '/task/stats', frozen: 'other' },
  tags: { ...same, source: '/taskWithTags', tags: 'absent' },
  up: {
    ...same,
    source: '/task and /task/stats',
    metadataOnce: 'other',
    metadata: 'other',
    statsOnce: 'other',
    stats: 'other',
  },
  errors: {
    ...same,
    source: 'own',
    metadataOnce: 'other',
    metadata: 'other',
    statsOnce: 'other',
    stats: 'other',
    tagsOnce: 'other',
    tags: 'other',
  },
  own: { ...same, source: 'own' },
} as const satisfies Record<string, Rule>;

const ADOT_FIGURES = [
  'memory_usage Bytes',
  'memory_usage_max Bytes',
  'memory_usage_limit Bytes',
  'memory_utilized MiB',
  'cpu_usage_total Nanoseconds',
  'cpu_usage_kernelmode Nanoseconds',
  'cpu_usage_usermode Nanoseconds',
  'cpu_usage_system Nanoseconds',
  'cpu_usage_vcpu vCPU',
  'cpu_cores Count',
  'cpu_onlines Count',
  'cpu_utilized None',
  'network_rate_rx Bytes_per_Second',
  'network_rate_tx Bytes_per_Second',
  'network_io_usage_rx_bytes Bytes',
  'network_io_usage_rx_packets Count',
  'network_io_usage_rx_errors Count',
  'network_io_usage_rx_dropped Count',
  'network_io_usage_tx_bytes Bytes',
  'network_io_usage_tx_packets Count',
  'network_io_usage_tx_errors Count',
  'network_io_usage_tx_dropped Count',
  'storage_read_bytes Bytes',
  'storage_write_bytes Bytes',
];

/** By rule, the metrics that it holds for. */
const METRICS: Readonly<Record<keyof typeof RULES, readonly string[]>> = {
  lasting: [
    'ecs_task_cpu_limit_vcpus',
    'ecs_task_memory_limit_bytes',
    'ecs_task_ephemeral_storage_allocated_bytes',
    'ecs_task_image_pull_start_timestamp_seconds',
    'ecs_task_image_pull_stop_timestamp_seconds',
    'ecs_task_execution_stopped_timestamp_seconds',
    'ecs_task_info',
    'ecs_container_memory_limit_bytes',
    'ecs_container_cpu_reserved_vcpus',
    'ecs_container_info',
    'ecs_container_created_timestamp_seconds',
    'ecs_container_started_timestamp_seconds',
    'ecs_svc_cpu_limit',
    'ecs_svc_memory_limit_bytes',
  ],
  labelled: [
    'ecs_task_metadata_info',
    'ecs_metadata_info',
    ...bothSpellings([
      'container_memory_reserved MiB',
      'container_cpu_reserved None',
      'ecs_task_memory_reserved MiB',
      'ecs_task_cpu_reserved None',
      'ecs_task_ephemeral_storage_reserved MiB',
    ]),
  ],
  state: [
    'ecs_task_ephemeral_storage_used_bytes',
    'ecs_task_clock_error_bound_seconds',
    'ecs_task_clock_synchronized',
    'ecs_container_restarts_total',
    'ecs_container_running',
    'ecs_container_status',
    'ecs_container_exit_code',
    'ecs_container_finished_timestamp_seconds',
    'ecs_container_healthy',
    'ecs_container_health_status',
    'ecs_container_health_status_timestamp_seconds',
    ...bothSpellings(['container_duration Seconds', 'ecs_task_ephemeral_storage_utilized MiB']),
  ],
  figure: [
    'ecs_container_cpu_usage_seconds_total',
    'ecs_container_cpu_user_seconds_total',
    'ecs_container_cpu_kernel_seconds_total',
    'ecs_container_cpu_system_seconds_total',
    'ecs_container_cpus_online',
    'ecs_container_cpu_cfs_periods_total',
    'ecs_container_cpu_cfs_throttled_periods_total',
    'ecs_container_cpu_cfs_throttled_seconds_total',
    'ecs_container_memory_usage_bytes',
    'ecs_container_memory_max_usage_bytes',
    'ecs_container_memory_page_cache_size_bytes',
    'ecs_container_memory_working_set_bytes',
    'ecs_container_memory_rss_bytes',
    'ecs_container_memory_mapped_file_bytes',
    'ecs_container_memory_shmem_bytes',
    'ecs_container_memory_swap_bytes',
    'ecs_container_memory_inactive_file_bytes',
    'ecs_container_memory_page_faults_total',
    'ecs_container_memory_major_page_faults_total',
    'ecs_container_processes',
    'ecs_container_processes_limit',
    'ecs_container_block_io_bytes_total',
    'ecs_container_block_io_operations_total',
    'ecs_network_receive_bytes_total',
    'ecs_network_receive_packets_total',
    'ecs_network_receive_packets_dropped_total',
    'ecs_network_receive_dropped_total',
    'ecs_network_receive_errors_total',
    'ecs_network_transmit_bytes_total',
    'ecs_network_transmit_packets_total',
    'ecs_network_transmit_packets_dropped_total',
    'ecs_network_transmit_dropped_total',
    'ecs_network_transmit_errors_total',
    'ecs_network_receive_bytes_per_second',
    'ecs_network_transmit_bytes_per_second',
    'ecs_task_containers_running',
    'ecs_task_memory_usage_bytes',
    'ecs_task_memory_working_set_bytes',
    'ecs_task_memory_utilization_ratio',
    'ecs_task_cpu_in_use_vcpus',
    'ecs_task_cpu_utilization_ratio',
    // Older names.
    'ecs_cpu_seconds_total',
    'ecs_memory_bytes',
    'ecs_memory_max_bytes',
    'ecs_memory_limit_bytes',
    'ecs_memory_cache_usage',
    'ecs_cpu_percent',
    'ecs_cpu_kernel',
    'ecs_cpu_user',
    'ecs_cpu_total',
    'ecs_cpu_system',
    'ecs_cpu_num_online',
    'ecs_mem_limit',
    'ecs_mem_total',
    'ecs_mem_usage',
    'ecs_num_procs',
    'ecs_network_rx_rate',
    'ecs_network_tx_rate',
    'ecs_network_rx_bytes',
    'ecs_network_rx_packets',
    'ecs_network_rx_errors',
    'ecs_network_rx_dropped',
    'ecs_network_tx_bytes',
    'ecs_network_tx_packets',
    'ecs_network_tx_errors',
    'ecs_network_tx_dropped',
  ],
  labelledFigure: bothSpellings(
    ADOT_FIGURES.flatMap((name) => [`container_${name}`, `ecs_task_${name}`]),
  ),
  age: ['ecs_container_stats_age_seconds'],
  tags: ['ecs_task_tags_info'],
  up: ['ecs_up'],
  errors: ['ecs_scrape_errors_total'],
  own: ['ecs_scrape_duration_seconds'],
};

/** A name without its unit (`adot`) and with it (`adot_units`). */
function bothSpellings(names: readonly string[]): string[] {
  return names.flatMap((name) => [name.split(' ')[0] ?? '', name.replace(' ', '_')]);
}

const scraper = openHttp({ after }, { connectionsPerHost: 4 });

interface Endpoint {
  metadata: boolean;
  stats: boolean;
  tags: boolean;
  /** Whether time goes on in the statistics. */
  samples: boolean;
}

/**
 * Scrapes an exporter of all profiles whose endpoint can be told to fail; each scrape is a reading.
 */
async function withExporter(
  use: (scrape: (spentMs: number) => Promise<string>, endpoint: Endpoint) => Promise<void>,
): Promise<void> {
  const shape = JSON.parse(readFileSync(SHAPE, 'utf8')) as {
    metadata: object;
    stats: { a: object; b: null };
  };
  const clock = new VirtualClock(START_MS);
  const endpoint: Endpoint = { metadata: true, stats: true, tags: true, samples: true };
  const away = (): Promise<never> => Promise.reject(new Error('away'));
  let samples: object = {};
  const client: TaskMetadataClient = {
    scope: 'task',
    tasks: () =>
      endpoint.metadata
        ? Promise.resolve([taskSchema.parse({ ...shape.metadata, TaskTags: {} })])
        : away(),
    taggedTasks: () =>
      endpoint.tags ? Promise.resolve([taskSchema.parse(shape.metadata)]) : away(),
    stats: () => {
      const at = (ago: number): string => new Date(clock.nowMs() - ago).toISOString();
      if (endpoint.samples)
        samples = { a: { ...shape.stats.a, read: at(10_000), preread: at(20_000) }, b: null };
      return endpoint.stats ? Promise.resolve(taskStatsSchema.parse(samples)) : away();
    },
  };
  const world = createWorld({ clock });
  const exporter = createExporter({
    world,
    reader: new MetadataReader({ client, hasTags: true, cacheMs: 0 }, world),
    listen: '127.0.0.1:0',
    path: '/metrics',
    exposition: { profiles: PROFILE_NAMES, isBasic: false, isInstance: false },
    hasOwnMetrics: false,
  });
  await exporter.start();
  const { signal } = new AbortController();
  try {
    await use(async (spentMs) => {
      await clock.advance(spentMs);
      const limits = { timeoutMs: 5_000, bodyMaxBytes: 1e7, signal };
      const url = `${exporter.url}/metrics`;
      return (await scraper.send({ method: 'GET', url, ...limits })).body.toString();
    }, endpoint);
  } finally {
    await exporter.stop(100);
  }
}

/** The sample lines of a page by metric. */
function samplesOf(page: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of page.split('\n')) {
    const name = /^[a-zA-Z_]+/.exec(line)?.[0];
    if (name !== undefined) found.set(name, [...(found.get(name) ?? []), line]);
  }
  return found;
}

/** Labels that tell a state: of it, or there only because of it. */
const STATE_LABELS =
  /,?\b(?:known_status|desired_status|aws_ecs_task_known_status|aws_ecs_container_(?:know_status|exit_code|finished_at))="[^"]*"/g;

function outcomeOf(before: readonly string[], now: readonly string[] | undefined): Outcome {
  if (now === undefined) return 'absent';
  if (now.join('\n') === before.join('\n')) return 'same';
  const stateless = (lines: readonly string[]): string =>
    lines.map((line) => line.replaceAll(STATE_LABELS, '').replace('{,', '{')).join('\n');
  const hasState = now.some((line) => /status="[A-Z]/.test(line));
  return !hasState && stateless(now) === stateless(before) ? 'stateless' : 'other';
}

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * What is done to the endpoint for each column of the rules, and the scrapes until the page that is
 * judged.
 */
const PHASES: Readonly<
  Record<Exclude<keyof Rule, 'source'>, { off: keyof Endpoint; scrapes: number; everyMs: number }>
> = {
  metadataOnce: { off: 'metadata', scrapes: 1, everyMs: 15 * SECOND },
  metadata: { off: 'metadata', scrapes: 3, everyMs: 15 * SECOND },
  statsOnce: { off: 'stats', scrapes: 1, everyMs: 15 * SECOND },
  stats: { off: 'stats', scrapes: 3, everyMs: 15 * SECOND },
  frozen: { off: 'samples', scrapes: 12, everyMs: 30 * SECOND },
  // Tags are due ten minutes after they were read.
  tagsOnce: { off: 'tags', scrapes: 22, everyMs: 30 * SECOND },
  tags: { off: 'tags', scrapes: 42, everyMs: 30 * SECOND },
};

for (const [name, { off, scrapes, everyMs }] of Object.entries(PHASES))
  test(`every metric when "${name}" comes over the endpoint, and when it is well again`, async () => {
    await withExporter(async (scrape, endpoint) => {
      await scrape(0);
      const page = await scrape(15 * SECOND);
      const before = samplesOf(page);
      endpoint[off] = false;
      let now = before;
      for (let i = 0; i < scrapes; i++) now = samplesOf(await scrape(everyMs));
      const got: Record<string, string> = {};
      const want: Record<string, string> = {};
      for (const [rule, metrics] of Object.entries(METRICS)) {
        for (const metric of metrics) {
          const outcome = outcomeOf(before.get(metric) ?? [], now.get(metric));
          got[metric] = outcome;
          want[metric] = RULES[rule as keyof typeof RULES][name as keyof typeof PHASES];
        }
      }
      assert.deepEqual(got, want);
      endpoint[off] = true;
      const well = await scrape(MINUTE).then(() => scrape(15 * SECOND));
      const withoutErrors = (text: string): string =>
        text.replaceAll(/^ecs_scrape_errors.*$/gm, '');
      assert.equal(withoutErrors(well), withoutErrors(page));
    });
  });

test('the table names every metric of every profile, each once', async () => {
  const named = Object.values(METRICS).flat();
  assert.equal(new Set(named).size, named.length);
  await withExporter(async (scrape) => {
    await scrape(0);
    const all = [...samplesOf(await scrape(15 * SECOND)).keys()];
    assert.deepEqual(all.toSorted(), named.toSorted());
  });
  // What the shape may not bring forth: names that stand whole in the sources of the profiles.
  for (const file of readdirSync(PROFILES)) {
    const source = readFileSync(join(PROFILES, file), 'utf8');
    for (const [, metric = ''] of source.matchAll(/(?:gauge|counter|info)\(\s*'([a-z_0-9]+)'/g))
      assert.ok(named.includes(metric), `${metric} of ${file}`);
  }
});
