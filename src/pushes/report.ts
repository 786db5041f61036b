/**
 * What pushes tell: each event as a line of the log and in metrics. Lines say senders, counts and
 * causes, nothing of what was sent but the series that is refused first.
 */
import { ReceiverTally } from '../kernel/receiver-status.ts';
import type { World } from '../kernel/world.ts';
import type { PushRejections } from './rejections.ts';

type ForgetReason = 'idle' | 'series' | 'label_bytes';

const LIMITS = { series: 'series', label_bytes: 'bytes of labels' } as const;
const KINDS = ['samples', 'histograms', 'exemplars'] as const;

/** What was taken of a message. */
export interface TakenPush {
  samples: number;
  histograms: number;
  exemplars: number;
  readonly rejections: PushRejections;
}

/** Of a request: the version that it says, and its sender. */
export interface PushCall {
  readonly version: '1.0' | '2.0' | 'unknown';
  readonly from: string;
}

export class PushesReport {
  readonly tally: ReceiverTally<(typeof KINDS)[number], 'items' | 'requests'>;
  readonly #id: string;
  readonly #world: World;
  readonly #metrics: ReturnType<typeof createPushMetrics>;
  #endCollecting: () => void = () => undefined;
  #hasSeen = false;

  constructor(id: string, world: World) {
    this.#id = id;
    this.#world = world;
    this.#metrics = createPushMetrics(world);
    this.tally = new ReceiverTally(KINDS, ['items', 'requests'], world.clock);
  }

  /** Shows what is remembered, until the end. */
  watch(count: () => { readonly series: number; readonly labelBytes: number }): void {
    const [series, labelBytes] = [this.#metrics.series.with({}), this.#metrics.labelBytes.with({})];
    this.#endCollecting = this.#world.metrics.onCollect(() => {
      const now = count();
      series.set(now.series);
      labelBytes.set(now.labelBytes);
    });
  }

  tellTaken({ version, from }: PushCall, bytes: number, taken: TakenPush): void {
    const { rejections } = taken;
    this.tally.come();
    for (const kind of KINDS) {
      this.tally.taken[kind] += taken[kind];
      this.#metrics.items.with({ kind }).inc(taken[kind]);
    }
    this.#metrics.bytes.with({ version }).inc(bytes);
    const outcome = rejections.total > 0 ? 'partial' : 'taken';
    this.#metrics.requests.with({ version, outcome }).inc();
    this.tally.refused.items += rejections.total;
    for (const [reason, items] of rejections.byReason)
      this.#metrics.rejected.with({ reason }).inc(items);
    if (rejections.total > 0)
      this.#log('warn', 'a part of a remote write request is refused', {
        version, from, refused: rejections.total, cause: rejections.describe(),
      }); // prettier-ignore
    if (this.#hasSeen) return;
    this.#hasSeen = true;
    this.#log('info', 'the first remote write request has come', { version, from });
  }

  /** The logger bounds how often a line is repeated. */
  tellRefused({ version, from }: PushCall, outcome: string, cause: string): void {
    this.tally.come();
    this.tally.refused.requests += 1;
    this.#metrics.requests.with({ version, outcome }).inc();
    this.#log('warn', 'a remote write request is refused', { version, from, outcome, cause });
  }

  countForgotten(reason: ForgetReason, series: number): void {
    if (series === 0) return;
    this.#metrics.forgotten.with({ reason }).inc(series);
    if (reason === 'idle') return;
    const words = `the limit of ${LIMITS[reason]} is reached: those that came first are forgotten`;
    this.#log('warn', words, { limit: reason });
  }

  end(): void {
    this.#endCollecting();
  }

  #log(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, string | number>>) {
    this.#world.log[level](message, { receiver: this.#id, ...fields });
  }
}

function createPushMetrics({ metrics }: World) {
  return {
    requests: metrics.counters(
      'amperage_pushed_requests_total',
      'Requests of remote write that came, by version and outcome.',
    ),
    bytes: metrics.counters(
      'amperage_pushed_bytes_total',
      'Bytes of messages of remote write that were taken, uncompressed.',
    ),
    items: metrics.counters(
      'amperage_pushed_items_total',
      'Samples, native histograms and exemplars that were taken of requests of remote write.',
    ),
    rejected: metrics.counters(
      'amperage_pushed_items_rejected_total',
      'Samples, native histograms, exemplars and metadata that were refused for good, by reason.',
    ),
    forgotten: metrics.counters(
      'amperage_pushed_series_forgotten_total',
      'Series that are no longer remembered, by reason: silent for long, or above a limit.',
    ),
    series: metrics.gauges('amperage_pushed_series', 'Series that were pushed and are remembered.'),
    labelBytes: metrics.gauges(
      'amperage_pushed_label_bytes',
      'Bytes of the labels of series that were pushed and are remembered.',
    ),
  };
}
