/**
 * What a receiver of segments tells: each event as a line of the log and in its metrics. Lines say
 * senders and counts, nothing of a document.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Counter, Gauge, Registry } from '../kernel/metrics.ts';
import { ReceiverTally } from '../kernel/receiver-status.ts';
import type { Rejection } from '../wire/xray/datagram.ts';
import type { SocketAddress } from '../kernel/udp-drops.ts';
import type { Tally } from './thread-messages.ts';

export interface ReceiverReportOptions {
  readonly receiver: string;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly bufferBytes: number;
  /** What was asked of the system as receive buffer. */
  readonly socketBufferBytes: number;
}

export class ReceiverReport {
  /** What it has counted since it was made. */
  readonly tally: ReceiverTally<'segments', 'segments' | 'datagrams'>;
  readonly #options: ReceiverReportOptions;
  readonly #log: Logger;
  readonly #metrics: ReceiverMetrics;
  #hasListened = false;
  #hasReceived = false;

  constructor(options: ReceiverReportOptions) {
    this.#options = options;
    this.tally = new ReceiverTally(['segments'], ['segments', 'datagrams'], options.clock);
    this.#log = options.log.with({ receiver: options.receiver });
    this.#metrics = createReceiverMetrics(options.metrics, options.receiver);
  }

  /** @param gotBytes  the receive buffer as the system says it */
  tellListening({ host, port, family }: SocketAddress, gotBytes: number): void {
    this.#metrics.socketBufferBytes.set(gotBytes);
    this.#log.info('listening', {
      what: 'trace segments by UDP',
      address: family === 6 ? `[${host}]:${port}` : `${host}:${port}`,
      receive_buffer_bytes: gotBytes,
    });
    const { socketBufferBytes: asked } = this.#options;
    // Linux doubles what was asked for, for its own overhead.
    const got = process.platform === 'linux' ? gotBytes / 2 : gotBytes;
    if (!this.#hasListened && got < asked)
      this.#log.warn('the receive buffer of UDP is smaller than was asked for', {
        asked_bytes: asked,
        got_bytes: got,
        remedy: `sysctl -w net.core.rmem_max=${asked} on the instance; Fargate has no such setting`,
      });
    this.#hasListened = true;
  }

  /** @param heldBytes  all buffers of the thread */
  tellTally(tally: Tally, heldBytes: number): void {
    this.#metrics.heldBytes.set(heldBytes);
    if (tally.datagrams > 0) this.tally.come();
    this.tally.taken.segments += tally.datagrams - tally.dropped;
    this.tally.refused.segments += tally.dropped;
    this.#metrics.datagrams.inc(tally.datagrams);
    this.#metrics.bytes.inc(tally.bytes);
    for (const [reason, count] of Object.entries(tally.rejected)) {
      this.tally.taken.segments -= count;
      this.tally.refused.datagrams += count;
      this.#metrics.rejected(reason).inc(count);
      const fields = { reason, count, from: tally.rejectedSender };
      this.#log.warn('datagrams without a trace segment are rejected', fields);
    }
    if (tally.dropped > 0) {
      this.#metrics.dropped('memory').inc(tally.dropped);
      this.#log.warn('trace segments are dropped: the collector does not keep up', {
        count: tally.dropped,
        buffer_bytes: this.#options.bufferBytes,
        remedy: 'give it more CPU, or a larger buffer for bursts',
      });
    }
    if (tally.sender !== undefined && !this.#hasReceived) {
      this.#hasReceived = true;
      this.#log.info('the first trace segment has come', { from: tally.sender });
    }
  }

  /** Says once that nothing has come yet: a sender that has another address hears of nothing. */
  tellSilence({ host, port, family }: SocketAddress, waitedMs: number): void {
    if (this.#hasReceived) return;
    const isLocal = host === '::1' || host.startsWith('127.');
    this.#log.warn('no trace segment has come yet', {
      address: family === 6 ? `[${host}]:${port}` : `${host}:${port}`,
      waited_ms: waitedMs,
      remedy:
        (isLocal ? 'only programs of this host or task reach this address; ' : '') +
        'AWS_XRAY_DAEMON_ADDRESS of the applications must be it',
    });
  }

  tellUncommitted(documents: number, error: string): void {
    this.tally.taken.segments -= documents;
    this.tally.refused.segments += documents;
    this.#metrics.dropped('commit').inc(documents);
    this.#log.error('trace segments could not be committed and are lost', { documents, error });
  }

  tellSocketFailed(error: string, waitMs: number): void {
    this.#metrics.socketErrors.inc();
    const fields = { error, wait_ms: waitMs };
    this.#log.error('the socket of trace segments failed; it is opened again', fields);
  }

  tellThreadEnded(error: string, waitMs: number): void {
    this.#metrics.socketErrors.inc();
    const fields = { error, wait_ms: waitMs };
    this.#log.error('the thread that reads trace segments failed; it is started again', fields);
  }

  /** @param count  since the last call; 0 says that the system tells them */
  tellKernelDrops(count: number): void {
    this.tally.refused.datagrams += count;
    this.#metrics.kernelDrops().inc(count);
    if (count === 0) return;
    this.#log.warn('the kernel dropped datagrams: the receive buffer was full', {
      count,
      in_all: this.#metrics.kernelDrops().value,
      receive_buffer_bytes: this.#metrics.socketBufferBytes.value,
      remedy: 'raise net.core.rmem_max on the instance, or give the collector more CPU',
    });
  }
}

const REJECTIONS: readonly Rejection[] = ['empty', 'no_line_end', 'no_document', 'header'];
const DROPS = ['memory', 'commit'] as const;

interface ReceiverMetrics {
  readonly datagrams: Counter;
  readonly bytes: Counter;
  readonly rejected: (reason: string) => Counter;
  readonly dropped: (reason: string) => Counter;
  /** Made at the first call: it is absent where the system does not tell. */
  readonly kernelDrops: () => Counter;
  readonly socketBufferBytes: Gauge;
  readonly heldBytes: Gauge;
  readonly socketErrors: Counter;
}

function createReceiverMetrics(registry: Registry, receiver: string): ReceiverMetrics {
  const counters = (name: string, help: string) => registry.counters(`amperage_xray_${name}`, help);
  const counter = (name: string, help: string): Counter => counters(name, help).with({ receiver });
  const gauge = (name: string, help: string): Gauge =>
    registry.gauges(`amperage_xray_${name}`, help).with({ receiver });
  const rejected = counters('datagrams_rejected_total', 'Datagrams without a document, by reason.');
  const dropped = counters(
    'documents_dropped_total',
    'Documents that were received and dropped before their commit, by reason.',
  );
  // Present from the start, so that an alert sees the first one.
  for (const reason of REJECTIONS) rejected.with({ receiver, reason });
  for (const reason of DROPS) dropped.with({ receiver, reason });
  return {
    datagrams: counter('datagrams_received_total', 'Datagrams read.'),
    bytes: counter('received_bytes_total', 'Bytes of datagrams read.'),
    rejected: (reason) => rejected.with({ receiver, reason }),
    dropped: (reason) => dropped.with({ receiver, reason }),
    kernelDrops: () =>
      counter(
        'kernel_drops_total',
        'Datagrams that the kernel dropped because the receive buffer was full.',
      ),
    socketBufferBytes: gauge(
      'receive_buffer_bytes',
      'Receive buffer of the socket as the system counts it, its overhead included.',
    ),
    heldBytes: gauge('held_bytes', 'Buffers for documents between the socket and their commit.'),
    socketErrors: counter(
      'socket_errors_total',
      'Failures of the socket or its thread while it ran; it was opened again.',
    ),
  };
}
