/**
 * Sends segment documents to an X-Ray daemon and counts what was sent and what was not, so that it
 * can be compared with what arrives. Sending costs a request no wait; a loss is counted by its
 * reason and said at most once a minute.
 */
import type { Component } from '../../kernel/component.ts';
import type { World } from '../../kernel/world.ts';
import { type DaemonEndpoint, formatEndpoint } from '../../wire/xray/daemon-address.ts';
import { DaemonSocket, type SocketLoss } from './daemon-socket.ts';
import { packDocument, type SegmentDocument } from './document.ts';

export type DocumentKind = 'segment' | 'in_progress' | 'subsegment';

/** What has been sent since the start. */
export interface SentReport {
  readonly documents: Readonly<Record<DocumentKind, number>>;
  readonly dropped: Readonly<Record<SocketLoss, number>>;
  readonly traces: number;
  /** Ids of the traces of which something was sent, oldest first. */
  readonly traceIds: readonly string[];
  /** False when there were more ids than are kept; then the oldest are missing. */
  readonly hasAllTraceIds: boolean;
}

const TRACE_IDS_MAX = 50_000;
const LOSS_LOG_MS = 60_000;

export interface SenderOptions {
  readonly world: Pick<World, 'clock' | 'log' | 'metrics'>;
  readonly endpoint: DaemonEndpoint;
  /** For tests: how a name becomes an address. */
  readonly resolve?: (host: string) => Promise<string>;
}

export class SegmentSender implements Component {
  readonly name = 'segment sender';
  readonly #options: SenderOptions;
  readonly #socket: DaemonSocket;
  readonly #documents = { segment: 0, in_progress: 0, subsegment: 0 };
  readonly #dropped = { unresolved: 0, queue_full: 0, too_large: 0, refused: 0, socket: 0 };
  readonly #traceIds = new Set<string>();
  #traces = 0;
  #lossSaidMs = -Infinity;
  #lossesUnsaid = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#socket = new DaemonSocket({
      world: options.world,
      endpoint: options.endpoint,
      onLoss: (loss, error) => this.#countLoss(loss, error),
      ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
    });
  }

  start(): Promise<void> {
    return this.#socket.start();
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#socket.stop(deadlineMs);
  }

  send(document: SegmentDocument): void {
    const { datagrams, lost } = packDocument(document);
    for (const { document: packed, bytes } of datagrams)
      this.#socket.send(bytes, () => this.#countSent(packed));
    for (const _ of lost) this.#countLoss('too_large');
  }

  get report(): SentReport {
    return {
      documents: { ...this.#documents },
      dropped: { ...this.#dropped },
      traces: this.#traces,
      traceIds: [...this.#traceIds],
      hasAllTraceIds: this.#traceIds.size === this.#traces,
    };
  }

  #countSent(document: SegmentDocument): void {
    const kind = kindOf(document);
    this.#documents[kind] += 1;
    this.#options.world.metrics
      .counters(
        'sample_app_segments_sent_total',
        'Segment documents that the system has taken for the X-Ray daemon, by kind.',
      )
      .with({ kind })
      .inc();
    const id = document.trace_id ?? '';
    if (this.#traceIds.has(id)) return;
    this.#traces += 1;
    this.#traceIds.add(id);
    const [oldest = ''] = this.#traceIds;
    if (this.#traceIds.size > TRACE_IDS_MAX) this.#traceIds.delete(oldest);
  }

  #countLoss(reason: SocketLoss, error?: unknown): void {
    const { world, endpoint } = this.#options;
    this.#dropped[reason] += 1;
    world.metrics
      .counters(
        'sample_app_segments_dropped_total',
        'Segment documents that were not sent to the X-Ray daemon, by reason; refused: they were ' +
          'sent, and nobody listened.',
      )
      .with({ reason })
      .inc();
    const atMs = world.clock.elapsedMs();
    this.#lossesUnsaid += 1;
    if (atMs < this.#lossSaidMs + LOSS_LOG_MS) return;
    world.log.warn('segment documents did not reach the X-Ray daemon', {
      daemon: formatEndpoint(endpoint),
      reason,
      lost: this.#lossesUnsaid,
      ...(error === undefined ? {} : { error }),
    });
    this.#lossSaidMs = atMs;
    this.#lossesUnsaid = 0;
  }
}

function kindOf(document: SegmentDocument): DocumentKind {
  if (document.type === 'subsegment') return 'subsegment';
  return document.in_progress === true ? 'in_progress' : 'segment';
}
