/** What an intake of metrics counts and logs of itself. */
import type { World } from '../../kernel/world.ts';
import type { RejectReason } from './rejections.ts';

export type ForgetReason = 'idle' | 'resources' | 'series' | 'label_bytes';

const LIMITS = {
  resources: 'resources',
  series: 'series',
  label_bytes: 'bytes of labels',
} as const satisfies Record<Exclude<ForgetReason, 'idle'>, string>;

/** Between two lines that say the same. */
const QUIET_MS = 60_000;

export class IntakeReport {
  readonly #id: string;
  readonly #world: World;
  readonly #endCollecting: () => void;
  readonly #saidMs = new Map<string, number>();

  constructor(
    id: string,
    world: World,
    count: () => Readonly<Record<'resources' | 'series' | 'labelBytes', number>>,
  ) {
    this.#id = id;
    this.#world = world;
    const { resources, series, labelBytes } = this.#metrics();
    this.#endCollecting = world.metrics.onCollect(() => {
      const now = count();
      resources.with({ receiver: id }).set(now.resources);
      series.with({ receiver: id }).set(now.series);
      labelBytes.with({ receiver: id }).set(now.labelBytes);
    });
  }

  countForgotten(reason: ForgetReason): void {
    this.#metrics().forgotten.with({ receiver: this.#id, reason }).inc();
    if (reason === 'idle') return;
    const what = 'the resource that was silent longest is forgotten';
    this.#say('warn', `the limit of ${LIMITS[reason]} is reached: ${what}`, { limit: reason });
  }

  /** The receiver tells them, with the sender. */
  countRejected(byReason: ReadonlyMap<RejectReason, number>): void {
    for (const [reason, points] of byReason)
      this.#metrics().rejected.with({ receiver: this.#id, reason }).inc(points);
  }

  close(): void {
    this.#endCollecting();
    const { resources, series, labelBytes } = this.#metrics();
    for (const family of [resources, series, labelBytes]) family.remove({ receiver: this.#id });
  }

  #say(level: 'warn', message: string, fields: Readonly<Record<string, string | number>>): void {
    const { clock, log } = this.#world;
    const key = `${message} ${fields['reason'] ?? fields['limit'] ?? ''}`;
    const atMs = clock.elapsedMs();
    if (atMs - (this.#saidMs.get(key) ?? -Infinity) < QUIET_MS) return;
    this.#saidMs.set(key, atMs);
    log[level](message, { receiver: this.#id, ...fields });
  }

  #metrics() {
    const { metrics } = this.#world;
    return {
      resources: metrics.gauges(
        'amperage_otlp_metric_resources',
        'Resources of received metrics that are remembered.',
      ),
      series: metrics.gauges(
        'amperage_otlp_metric_series',
        'Series of received metrics that are remembered.',
      ),
      labelBytes: metrics.gauges(
        'amperage_otlp_metric_label_bytes',
        'Bytes of resources, texts of metrics and labels of series that are remembered.',
      ),
      forgotten: metrics.counters(
        'amperage_otlp_metric_resources_forgotten_total',
        'Resources that are no longer remembered, by reason: silent for long, or above a limit.',
      ),
      rejected: metrics.counters(
        'amperage_otlp_metric_points_rejected_total',
        'Points of received metrics that were refused for good, by reason.',
      ),
    };
  }
}
