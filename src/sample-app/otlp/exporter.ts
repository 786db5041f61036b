/**
 * Sends spans and metrics by OTLP over HTTP, as protobuf: every 15 s by default, and once more at
 * the stop. Requests that a receiver may take later (429, 502, 503, 504, no answer) keep their
 * spans for the next time; metrics are totals, and the next ones stand for them.
 * Limits: SPANS_MAX spans wait, SPANS_REQUEST_MAX are in a request.
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import type { Component } from '../../kernel/component.ts';
import { describeError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import type { SegmentDocument } from '../tracing/document.ts';
import { encodeMetrics, encodeSpans } from './encode.ts';
import { type WrittenAttributes, listSpans, type SpanValue } from './spans.ts';

/** How often both signals are sent. */
export const OTLP_INTERVAL_MS = 15_000;
const SPANS_MAX = 20_000;
const SPANS_REQUEST_MAX = 500;
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface OtlpExporterOptions {
  readonly world: World;
  /** Where `/v1/traces` and `/v1/metrics` are below. */
  readonly endpoint: string;
  readonly resource: WrittenAttributes;
  readonly intervalMs?: number | undefined;
}

type Outcome = 'taken' | 'retry' | 'refused' | 'unanswered';

export class OtlpExporter implements Component {
  readonly name = 'OTLP exporter';
  readonly #options: OtlpExporterOptions;
  readonly #startMs: number;
  readonly #intervalMs: number;
  readonly #stopping = new AbortController();
  #spans: SpanValue[] = [];
  #running: Promise<void> = Promise.resolve();
  #isStarted = false;
  #stopped: Promise<void> | undefined;

  constructor(options: OtlpExporterOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? OTLP_INTERVAL_MS;
    this.#startMs = options.world.clock.nowMs();
  }

  start(): Promise<void> {
    this.#isStarted = true;
    this.#running = this.#run();
    return Promise.resolve();
  }

  /** Sends what waits, and the metrics as they are now. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    if (!this.#isStarted || deadlineMs <= 0) return;
    const late = AbortSignal.timeout(Math.ceil(deadlineMs));
    const last = this.#running.then(() => this.#export(late));
    const over = new Promise<void>((resolve) => {
      late.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([last, over]);
    this.#countLost('stopped', this.#spans.length);
    this.#spans = [];
  }

  /** Takes the spans of a document; they wait for the next request. */
  add(document: SegmentDocument): void {
    const spans = listSpans(document);
    const taken = spans.slice(0, Math.max(0, SPANS_MAX - this.#spans.length));
    this.#spans.push(...taken);
    this.#countLost('queue_full', spans.length - taken.length);
  }

  async #run(): Promise<void> {
    const { clock } = this.#options.world;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(this.#intervalMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.#export(signal);
    }
  }

  async #export(signal: AbortSignal): Promise<void> {
    const { world, resource } = this.#options;
    const times = { startMs: this.#startMs, nowMs: world.clock.nowMs() };
    const metrics = encodeMetrics(resource, world.metrics.families(), times);
    // Who does not answer is not asked twice.
    if ((await this.#send('metrics', metrics, signal)) === 'unanswered') return;
    while (this.#spans.length > 0) {
      const batch = this.#spans.slice(0, SPANS_REQUEST_MAX);
      const outcome = await this.#send('traces', encodeSpans(resource, batch), signal);
      if (outcome === 'retry' || outcome === 'unanswered') return;
      this.#spans = this.#spans.slice(batch.length);
      if (outcome === 'refused') this.#countLost('refused', batch.length);
      else this.#countSent(batch.length);
    }
  }

  async #send(what: 'metrics' | 'traces', body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    const { world, endpoint } = this.#options;
    const url = `${endpoint.replace(/\/+$/, '')}/v1/${what}`;
    const outcome = await this.#post(url, body, signal);
    world.metrics
      .counters('sample_app_otlp_requests_total', 'Requests of OTLP, by what became of them.')
      .with({ signal: what, outcome })
      .inc();
    return outcome;
  }

  async #post(url: string, body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    const { http, log } = this.#options.world;
    try {
      const { status } = await http.send({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/x-protobuf' },
        body,
        timeoutMs: TIMEOUT_MS,
        bodyMaxBytes: ANSWER_BYTES_MAX,
        signal,
      });
      if (status === 200) return 'taken';
      const outcome = RETRIED.has(status) ? 'retry' : 'refused';
      log.warn('a request of OTLP was not taken', { url, status, outcome });
      return outcome;
    } catch (error) {
      log.warn('a request of OTLP had no answer', { url, error: describeError(error) });
      return 'unanswered';
    }
  }

  #countSent(spans: number): void {
    this.#options.world.metrics
      .counter('sample_app_spans_sent_total', 'Spans that a receiver of OTLP has taken.')
      .inc(spans);
  }

  #countLost(reason: 'queue_full' | 'refused' | 'stopped', spans: number): void {
    if (spans === 0) return;
    const { log, metrics } = this.#options.world;
    metrics
      .counters('sample_app_spans_dropped_total', 'Spans that were not sent by OTLP, by reason.')
      .with({ reason })
      .inc(spans);
    log.warn('spans are lost', { reason, spans });
  }
}
