/**
 * What a receiver of OTLP tells: each event as a line of the log and in its metrics. Lines say
 * senders, counts and causes, nothing of what was sent.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Registry } from '../kernel/metrics.ts';
import { ReceiverTally } from '../kernel/receiver-status.ts';
import type { ByteBudget } from '../kernel/byte-budget.ts';
import type { ExportCall, RefusedExport } from './export-call.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';

export interface OtlpReportOptions {
  readonly receiver: string;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly budget: ByteBudget;
  readonly clock: Clock;
}

type OtlpTally = ReceiverTally<OtlpUnit, OtlpUnit | 'requests'>;
type OtlpUnit = 'points' | 'spans';

const UNITS: Readonly<Record<OtlpSignal, OtlpUnit>> = { metrics: 'points', traces: 'spans' };

export interface TakenReport extends ExportCall {
  readonly bytes: number;
  readonly items: number;
  readonly rejected: number;
  readonly message: string;
}

export interface ToldRefusal extends ExportCall {
  readonly refusal: RefusedExport;
  /** What the refusal was made of. */
  readonly error: unknown;
}

export class OtlpReport {
  /** What it has counted since it was made, by protocol. */
  readonly tallies: Readonly<Record<ExportCall['protocol'], OtlpTally>>;
  readonly #receiver: string;
  readonly #log: Logger;
  readonly #metrics: ReturnType<typeof createOtlpMetrics>;
  readonly #forgetBudget: () => void;
  /** Signals of which something has been taken. */
  readonly #seen = new Set<OtlpSignal>();

  constructor({ receiver, log, metrics, budget, clock }: OtlpReportOptions) {
    const tally = (): OtlpTally =>
      new ReceiverTally(['points', 'spans'], ['points', 'spans', 'requests'], clock);
    this.tallies = { http: tally(), grpc: tally() };
    this.#receiver = receiver;
    this.#log = log.with({ receiver });
    this.#metrics = createOtlpMetrics(metrics);
    const held = this.#metrics.heldBytes.with({ receiver });
    this.#forgetBudget = metrics.onCollect(() => held.set(budget.usedBytes));
  }

  tellTaken({ protocol, signal, from, bytes, items, rejected, message }: TakenReport): void {
    const tally = this.tallies[protocol];
    tally.come();
    tally.taken[UNITS[signal]] += items;
    tally.refused[UNITS[signal]] += rejected;
    const labels = { receiver: this.#receiver, protocol, signal };
    const outcome = rejected > 0 ? 'partial' : 'taken';
    this.#metrics.requests.with({ ...labels, outcome }).inc();
    this.#metrics.bytes.with(labels).inc(bytes);
    this.#metrics.items.with(labels).inc(items);
    this.#metrics.rejected.with(labels).inc(rejected);
    if (rejected > 0)
      this.#log.warn('a part of an OTLP request is rejected', {
        signal, protocol, from, rejected, cause: message,
      }); // prettier-ignore
    if (this.#seen.has(signal)) return;
    this.#seen.add(signal);
    this.#log.info('the first OTLP request has come', { signal, protocol, from, items });
  }

  /** The logger bounds how often a line is repeated. */
  tellRefused({ protocol, signal, from, refusal }: ToldRefusal): void {
    const { status, message } = refusal;
    this.#countRefused(protocol);
    this.#metrics.requests
      .with({ receiver: this.#receiver, protocol, signal, outcome: status })
      .inc();
    this.#log.warn('an OTLP request is refused', {
      signal,
      protocol,
      from,
      status,
      cause: message,
    });
  }

  /** A request that was refused before it was known what it is of. */
  tellUnread(protocol: 'http' | 'grpc', from: string, cause: string): void {
    this.#countRefused(protocol);
    const labels = { receiver: this.#receiver, protocol, signal: 'none', outcome: 'unread' };
    this.#metrics.requests.with(labels).inc();
    this.#log.warn('an OTLP request is refused', { protocol, from, cause });
  }

  /** What is no request of OTLP of this port: another protocol. */
  tellWrongProtocol(protocol: 'http' | 'grpc', from: string, cause: string): void {
    this.#countRefused(protocol);
    this.#metrics.wrongProtocol.with({ receiver: this.#receiver, protocol }).inc();
    this.#log.warn('what came to a port of OTLP is of another protocol', { protocol, from, cause });
  }

  /** Connections that are closed at once, since there are too many. */
  tellConnectionRefused(protocol: 'http' | 'grpc'): void {
    this.#metrics.connectionsRefused.with({ receiver: this.#receiver, protocol }).inc();
  }

  #countRefused(protocol: ExportCall['protocol']): void {
    this.tallies[protocol].come();
    this.tallies[protocol].refused.requests += 1;
  }

  end(): void {
    this.#forgetBudget();
  }
}

function createOtlpMetrics(registry: Registry) {
  return {
    requests: registry.counters(
      'amperage_otlp_requests_total',
      'Requests of OTLP by their outcome: taken, partial, or the status of a refusal.',
    ),
    items: registry.counters(
      'amperage_otlp_items_total',
      'Data points and spans that were taken of requests of OTLP.',
    ),
    rejected: registry.counters(
      'amperage_otlp_rejected_items_total',
      'Data points and spans that were rejected in requests that were taken otherwise.',
    ),
    bytes: registry.counters(
      'amperage_otlp_bytes_total',
      'Bytes of requests of OTLP that were taken, in protobuf and inflated.',
    ),
    heldBytes: registry.gauges(
      'amperage_otlp_held_bytes',
      'Bytes of requests of OTLP that are under way, as they are sent and inflated.',
    ),
    wrongProtocol: registry.counters(
      'amperage_otlp_wrong_protocol_total',
      'Requests that came to the port of another protocol.',
    ),
    connectionsRefused: registry.counters(
      'amperage_otlp_connections_refused_total',
      'Connections that were closed at once, since there were too many.',
    ),
  };
}
