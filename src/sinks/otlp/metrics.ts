/** What the sink counts beside what delivery counts for all sinks. */
import type { Counter, Registry } from '../../kernel/metrics.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';

export interface OtlpMetrics {
  /** Counts an answer. @param code  a status of HTTP, or a name of gRPC's */
  answered(signal: OtlpSignal, code: string): void;
  /** Answers with success in which the receiver rejected some items, or warned. */
  partial(signal: OtlpSignal): void;
  /** Connections of gRPC that were made. */
  readonly connections: Counter;
}

export function newOtlpMetrics(registry: Registry, sink: string): OtlpMetrics {
  const answers = registry.counters(
    'amperage_otlp_write_answers_total',
    'Answers of the receiver, by signal and by status of HTTP or name of that of gRPC.',
  );
  const partial = registry.counters(
    'amperage_otlp_write_partial_successes_total',
    'Requests that were taken in part, or with a warning.',
  );
  return {
    answered: (signal, code) => answers.with({ sink, signal, code }).inc(),
    partial: (signal) => partial.with({ sink, signal }).inc(),
    connections: registry
      .counters('amperage_otlp_write_connections_total', 'Connections of gRPC that were made.')
      .with({ sink }),
  };
}
