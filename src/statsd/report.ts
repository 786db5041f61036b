/**
 * What a receiver of StatsD tells: each event as a line of the log and in its metrics. Of what was
 * sent, the log has the beginning of one refused line for each reason and interval, without tags.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Counter, Gauge, Registry } from '../kernel/metrics.ts';
import { ReceiverTally } from '../kernel/receiver-status.ts';
import { LINE_REFUSALS, type LineRefusal } from './line.ts';
import { TABLE_REFUSALS, type TableRefusal } from './table.ts';

/** Why a line is not taken. */
export type StatsdRefusal = LineRefusal | TableRefusal | 'too_long' | 'http';

const REFUSALS: readonly StatsdRefusal[] = [
  ...LINE_REFUSALS,
  ...TABLE_REFUSALS,
  'too_long',
  'http',
];

/** What is no metric was never to be one: it is counted and not told. */
const QUIET: ReadonlySet<StatsdRefusal> = new Set(['event', 'service_check']);

const REMEDIES: Readonly<Partial<Record<StatsdRefusal, string>>> = {
  unmapped: 'give its type an entry of timer_histogram_mapping',
  type_conflict: 'give metrics of different types different names or tags',
  negative_count: 'send it as a gauge, or set is_monotonic_counter to false',
  series_limit: 'send fewer tags that have many values, or raise series_limit where there is one',
  label_bytes_limit: 'send shorter names and tags, or fewer tags that have many values',
  observation_limit: 'observe as histogram, or shorten aggregation_interval',
  http: 'HTTP is not spoken at this port; send lines of StatsD',
  tag: 'give each tag a value, or set enable_simple_tags',
};

/** What was refused for one reason, with the first line of it. */
interface Refused {
  count: number;
  readonly line: string;
  readonly from: string;
}

const LINE_SHOWN_MAX = 60;

/** The beginning of a line: name, value and type. Tags may tell of persons, and are left out. */
function cutLine(line: string): string {
  const [head = ''] = line.slice(0, LINE_SHOWN_MAX + 1).split('|#', 1);
  const isCut = head.length < line.length;
  return `${head.slice(0, LINE_SHOWN_MAX).replaceAll(/[^ -~]/g, '?')}${isCut ? '…' : ''}`;
}

export interface StatsdReportOptions {
  readonly receiver: string;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
}

export class StatsdReport {
  /** What it has counted since it was made. */
  readonly tally: ReceiverTally<'lines', 'lines' | 'datagrams'>;
  readonly #log: Logger;
  readonly #options: StatsdReportOptions;
  readonly #counters: ReceiverMetrics;
  /** Since the last time that refusals were told. */
  readonly #refused = new Map<StatsdRefusal, Refused>();

  constructor(options: StatsdReportOptions) {
    this.#options = options;
    this.tally = new ReceiverTally(['lines'], ['lines', 'datagrams'], options.clock);
    this.#log = options.log.with({ receiver: options.receiver });
    this.#counters = createMetrics(options.metrics, options.receiver);
  }

  tellListening(address: string, transport: string): void {
    this.#log.info('listening', { what: 'StatsD', transport, address });
  }

  countReceived(bytes: number): void {
    this.tally.come();
    this.#counters.packets.inc();
    this.#counters.bytes.inc(bytes);
  }

  countTaken(): void {
    this.tally.taken.lines += 1;
    this.#counters.taken.inc();
  }

  /** @param line  what was refused, or its beginning; @param from  the sender's address */
  countRefused(reason: StatsdRefusal, line: string, from: string): void {
    this.tally.refused.lines += 1;
    this.#counters.refused(reason).inc();
    if (QUIET.has(reason)) return;
    const known = this.#refused.get(reason);
    if (known === undefined) this.#refused.set(reason, { count: 1, line: cutLine(line), from });
    else known.count += 1;
  }

  /** Tells what was refused since the last call, and how many series there are. */
  tellInterval(series: number): void {
    this.#counters.series.set(series);
    for (const [reason, { count, line, from }] of this.#refused)
      this.#log.warn('lines of StatsD are not taken', {
        reason, count, first: line, from, remedy: REMEDIES[reason],
      }); // prettier-ignore
    this.#refused.clear();
  }

  tellBufferFull(bytes: number): void {
    this.tally.refused.datagrams += 1;
    this.#counters.dropped('memory').inc();
    this.#log.warn('datagrams of StatsD are dropped: the collector does not keep up', {
      buffer_bytes: bytes,
      remedy: 'give it more CPU, or let clients put several metrics into a datagram',
    });
  }

  tellKernelDrops(count: number): void {
    this.tally.refused.datagrams += count;
    this.#counters.dropped('kernel').inc(count);
    if (count === 0) return;
    this.#log.warn('the kernel dropped datagrams: the receive buffer was full', {
      count,
      in_all: this.#counters.dropped('kernel').value,
      remedy: 'raise net.core.rmem_max on the instance, or give the collector more CPU',
    });
  }

  setClients(count: number): void {
    this.#counters.clients.set(count);
  }

  tellClientRefused(max: number): void {
    this.#counters.clientsRefused.inc();
    this.#log.warn('a client of StatsD is refused: there are too many', { clients: max });
  }

  tellSocketFailed(error: string): void {
    this.#counters.socketErrors.inc();
    this.#log.error('a socket of StatsD failed; it is opened again', { error });
  }

  tellUncommitted(series: number, error: unknown): void {
    this.#counters.uncommitted.inc(series);
    this.#log.error('metrics of StatsD could not be committed and are lost', { series, error });
  }

  /** The gauges of a receiver that is gone. */
  end(): void {
    const { metrics, receiver } = this.#options;
    for (const name of ['series', 'clients'])
      metrics.gauges(`amperage_statsd_${name}`, HELP[name] ?? '').remove({ receiver });
  }
}

interface ReceiverMetrics {
  readonly packets: Counter;
  readonly bytes: Counter;
  readonly taken: Counter;
  readonly refused: (reason: StatsdRefusal) => Counter;
  readonly dropped: (reason: 'memory' | 'kernel') => Counter;
  readonly clientsRefused: Counter;
  readonly socketErrors: Counter;
  readonly uncommitted: Counter;
  readonly series: Gauge;
  readonly clients: Gauge;
}

const HELP: Readonly<Record<string, string>> = {
  series: 'Series that are remembered, at the last interval.',
  clients: 'Clients that are connected.',
};

function createMetrics(registry: Registry, receiver: string): ReceiverMetrics {
  const family = (name: string, help: string) => registry.counters(`amperage_statsd_${name}`, help);
  const counter = (name: string, help: string): Counter => family(name, help).with({ receiver });
  const gauge = (name: string): Gauge =>
    registry.gauges(`amperage_statsd_${name}`, HELP[name] ?? '').with({ receiver });
  const refused = family('lines_refused_total', 'Lines that were not taken, by reason.');
  const dropped = family('datagrams_dropped_total', 'Datagrams that were not read, by reason.');
  // Present from the start, so that an alert sees the first one.
  const byReason = new Map(
    REFUSALS.map((reason) => [reason, refused.with({ receiver, reason })] as const),
  );
  dropped.with({ receiver, reason: 'memory' });
  return {
    packets: counter('packets_received_total', 'Datagrams, and reads of streams.'),
    bytes: counter('received_bytes_total', 'Bytes of them.'),
    taken: counter('lines_taken_total', 'Lines that added to a series.'),
    refused: (reason) => byReason.get(reason) ?? refused.with({ receiver, reason }),
    dropped: (reason) => dropped.with({ receiver, reason }),
    clientsRefused: counter('clients_refused_total', 'Connections above the limit.'),
    socketErrors: counter('socket_errors_total', 'Failures of a socket while it ran.'),
    uncommitted: counter('series_uncommitted_total', 'Series lost because a commit failed.'),
    series: gauge('series'),
    clients: gauge('clients'),
  };
}
