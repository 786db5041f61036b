/**
 * OTLP as a protocol of delivery: chunks of one signal become one request, and the answer is read.
 * Not here: retry, splitting, age and counting of losses, which are delivery's.
 */
import type { Answer, Halves, Loss, Protocol } from '../../delivery/protocol.ts';
import { countItems } from '../../delivery/protocol.ts';
import { SuspectSeries } from '../../delivery/suspects.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Chunk } from '../../model/queue.ts';
import { WireError } from '../../wire/errors.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';
import { halveOtlp, readMetricName, readOtlpSeries, signalOf, unpackOtlpChunk } from './chunk.ts';
import type { OtlpSettings } from './config.ts';
import type { OtlpMetrics } from './metrics.ts';
import type { OtlpRequest, Transport } from './transport.ts';
import { shorten } from './verdict.ts';

export interface OtlpProtocolOptions {
  readonly transport: Transport;
  readonly metrics: OtlpMetrics;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'elapsedMs' | 'sleep'>;
  readonly limits: Pick<OtlpSettings, 'maxItems' | 'maxBytes'>;
}

export class OtlpProtocol implements Protocol<OtlpRequest> {
  readonly #options: OtlpProtocolOptions;
  /** Of metrics: a span comes once. */
  readonly suspects: SuspectSeries;

  constructor(options: OtlpProtocolOptions) {
    this.#options = options;
    const { clock, log } = options;
    const read = readOtlpSeries;
    this.suspects = new SuspectSeries({ clock, log, read, nameOf: readMetricName });
  }

  encode(chunks: readonly Chunk[]): OtlpRequest | undefined {
    const signal = signalOf(chunks[0]?.bytes ?? new Uint8Array(0));
    if (signal === undefined) return undefined;
    const bodies: Buffer[] = [];
    for (const chunk of chunks) {
      const body = signalOf(chunk.bytes) === signal ? unpackOtlpChunk(chunk) : undefined;
      if (body === undefined) return undefined;
      bodies.push(body);
    }
    // Messages one behind the other are one with the fields of all.
    const [only] = bodies;
    const body = only !== undefined && bodies.length === 1 ? only : Buffer.concat(bodies);
    return { signal, body, items: countItems(chunks) };
  }

  async send(request: OtlpRequest, attempt: number, signal: AbortSignal): Promise<Answer> {
    const { transport, metrics } = this.#options;
    const { verdict, partial, code, bytes } = await transport.send(request, attempt, signal);
    metrics.answered(request.signal, code);
    if (verdict.kind !== 'taken') return verdict;
    const rejected = Math.min(partial.rejected, request.items);
    const text = shorten(partial.message);
    if (rejected > 0 || text !== '') metrics.partial(request.signal);
    if (rejected > 0) {
      // They were judged one by one: sent again, they would be rejected again.
      const lost: readonly Loss[] = [
        { reason: 'rejected', owner: request.signal, items: rejected },
      ];
      return { kind: 'partial', bytes, again: [], lost, text };
    }
    if (text !== '')
      this.#options.log.warn('the receiver took all, with a warning', {
        signal: request.signal,
        items: request.items,
        answer: text,
      });
    return { kind: 'delivered', bytes };
  }

  halve(chunks: readonly Chunk[]): Halves | undefined {
    try {
      return halveOtlp(chunks);
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
  }

  /** A batch becomes requests of one signal each, as large as the receiver takes. */
  divide(chunks: readonly Chunk[]): readonly (readonly Chunk[])[] {
    const { maxItems, maxBytes } = this.#options.limits;
    const groups: Chunk[][] = [];
    let open: { group: Chunk[]; signal: OtlpSignal | undefined; items: number; bytes: number } = {
      group: [],
      signal: undefined,
      items: 0,
      bytes: 0,
    };
    for (const chunk of chunks) {
      const signal = signalOf(chunk.bytes);
      const itemsMax = signal === undefined ? Infinity : maxItems[signal];
      const fits =
        open.signal === signal &&
        open.items + chunk.items <= itemsMax &&
        open.bytes + chunk.rawBytes <= maxBytes;
      if (!fits || open.group.length === 0) {
        open = { group: [], signal, items: 0, bytes: 0 };
        groups.push(open.group);
      }
      open.group.push(chunk);
      open.items += chunk.items;
      open.bytes += chunk.rawBytes;
    }
    return groups;
  }

  /** Losses are told apart by the signal. */
  ownersOf(chunks: readonly Chunk[]): ReadonlyMap<string, number> {
    const owners = new Map<string, number>();
    for (const { bytes, items } of chunks) {
      const owner = signalOf(bytes) ?? '';
      owners.set(owner, (owners.get(owner) ?? 0) + items);
    }
    return owners;
  }
}
