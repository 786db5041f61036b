/** What the sink counts beside what delivery counts for all sinks. */
import type { Counter, Registry } from '../../kernel/metrics.ts';
import type { ShrinkStep } from './sending.ts';

export interface XrayMetrics {
  /** Documents with bytes that are not UTF-8. */
  readonly invalidUtf8: Counter;
  slimmed(step: ShrinkStep, times: number): void;
  /** What X-Ray said of no document that can be told by it. */
  nameless(code: string): void;
  readonly telemetrySent: Counter;
  readonly telemetryFailed: Counter;
  readonly telemetryDropped: Counter;
}

export function newXrayMetrics(registry: Registry, sink: string): XrayMetrics {
  const slimmed = registry.counters(
    'amperage_xray_documents_slimmed_total',
    'What was taken out of documents that are too large for X-Ray: namespaces of metadata, ' +
      'stacks of exceptions, subsegments that were sent apart; of spans attributes, events and ' +
      'links, and documents that were sent apart.',
  );
  const nameless = registry.counters(
    'amperage_xray_nameless_refusals_total',
    'Refusals of X-Ray that name no document of the request, by code.',
  );
  const counter = (name: string, help: string): Counter =>
    registry.counters(`amperage_xray_${name}`, help).with({ sink });
  return {
    invalidUtf8: counter(
      'documents_invalid_utf8_total',
      'Documents with bytes that are not UTF-8, which are sent as U+FFFD.',
    ),
    slimmed: (step, times) => slimmed.with({ sink, step }).inc(times),
    nameless: (code) => nameless.with({ sink, code }).inc(),
    telemetrySent: counter('telemetry_records_total', 'Telemetry records that X-Ray took.'),
    telemetryFailed: counter(
      'telemetry_failures_total',
      'Requests with telemetry records that failed; the records are kept.',
    ),
    telemetryDropped: counter(
      'telemetry_records_dropped_total',
      'Telemetry records that gave way to newer ones.',
    ),
  };
}
