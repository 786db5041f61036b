/**
 * Remote write as a protocol of delivery: joins chunks to a request in the version that the
 * receiver takes, signs it anew for each attempt, sends it and reads the answer.
 * Not here: retry, splitting, age and counting of losses, which are delivery's.
 */
import type { Answer, Protocol } from '../../../delivery/protocol.ts';
import { SuspectSeries } from '../../../delivery/suspects.ts';
import { BodyBuffers, type BodyLoan } from '../../../kernel/body-buffers.ts';
import { describeError, RecoverableError } from '../../../kernel/errors.ts';
import type { ClientResponse } from '../../../kernel/http-client.ts';
import type { World } from '../../../kernel/world.ts';
import { LENT_BYTES_MAX } from '../../../model/borrowed.ts';
import type { Chunk } from '../../../model/queue.ts';
import { WireError } from '../../../wire/errors.ts';
import type { RemoteWriteConfig } from '../config.ts';
import { publicUrl, type RemoteWriteMetrics } from '../metrics.ts';
import { classify } from './answer.ts';
import type { Authenticate, AuthRefusal } from '../../requests/authenticate.ts';
import {
  type NegotiatedVersion,
  type Encoded,
  protocolHeaders,
  readWrittenCount,
} from './message-version.ts';
import { halve, readNames, readWrittenSeries, samplesByJob, withoutOlder } from './split.ts';

const ANSWER_MAX_BYTES = 1024 * 1024;
/** How many bytes of a refusal's body are read. */
const REFUSAL_MAX = 4_096;

export interface RemoteWriteProtocolOptions {
  readonly config: RemoteWriteConfig;
  readonly world: Pick<World, 'clock' | 'log' | 'http'>;
  readonly metrics: Pick<RemoteWriteMetrics, 'unconfirmed' | 'exemplarsDropped'>;
  readonly auth: Authenticate;
  readonly userAgent: string;
  readonly negotiated: NegotiatedVersion;
}

/** A request, and the chunks of which a fall-back to 1.0 makes another one. */
interface WriteRequest extends Encoded {
  readonly chunks: readonly Chunk[];
  /** What the body lies in. */
  readonly memory: BodyLoan;
}

/** One body for each request under way, of which there are few where the receiver is quick. */
const BODY_LIMITS = { longest: LENT_BYTES_MAX, keptBytes: 2 * LENT_BYTES_MAX };

export class RemoteWriteProtocol implements Protocol<WriteRequest> {
  readonly suspects: SuspectSeries;
  readonly #options: RemoteWriteProtocolOptions;
  readonly #bodies = new BodyBuffers(BODY_LIMITS);

  constructor(options: RemoteWriteProtocolOptions) {
    this.#options = options;
    const { clock, log } = options.world;
    const nameOf = ({ bytes }: Chunk): string => {
      const { metric, job } = readNames(bytes);
      return job === '' ? metric : `${metric}{job=${JSON.stringify(job)}}`;
    };
    this.suspects = new SuspectSeries({ clock, log, read: readWrittenSeries, nameOf });
  }

  encode(chunks: readonly Chunk[]): WriteRequest | undefined {
    const memory = this.#bodies.open();
    const { negotiated } = this.#options;
    return unlessCorrupt(() => ({ ...negotiated.encode(chunks, memory.take), chunks, memory }));
  }

  async send(request: WriteRequest, attempt: number, signal: AbortSignal): Promise<Answer> {
    const { config, world, auth, negotiated } = this.#options;
    const { body, counts, memory } = request;
    // What 2.0 has no place for leaves nothing to send.
    if (counts !== undefined && counts.samples + counts.histograms === 0)
      return { kind: 'delivered', bytes: 0 };
    const response = await world.http.send({
      method: 'POST',
      url: config.url,
      headers: await this.#headersFor(request, attempt, signal),
      body,
      timeoutMs: config.remoteTimeoutMs,
      bodyMaxBytes: ANSWER_MAX_BYTES,
      signal,
    });
    if (request.version === 2 && negotiated.isRefusal(response)) {
      this.#fallBack(response);
      const older = this.encode(request.chunks);
      if (older !== undefined) return this.send(older, attempt, signal);
    }
    const verdict = classify(response, publicUrl(config.url), world.clock.nowMs(), attempt);
    if (verdict.kind === 'again' && verdict.credentials) auth.invalidate(readRefusal(response));
    if (verdict.kind !== 'delivered') return verdict;
    this.#countTaken(request, response);
    // Only then: of a request that failed, the connection may still hold what is not written yet.
    memory.release();
    return { kind: 'delivered', bytes: body.length };
  }

  halve = halve;

  withoutOlder = withoutOlder;

  ownersOf = samplesByJob;

  #fallBack({ status, body }: ClientResponse): void {
    const { negotiated, world } = this.#options;
    if (negotiated.version === 2)
      world.log.warn('the receiver does not take remote write 2.0; 1.0 is sent from now on', {
        status,
        answer: body.subarray(0, 200).toString(),
      });
    negotiated.fallBack();
  }

  #countTaken({ counts }: WriteRequest, response: ClientResponse): void {
    if (counts === undefined) return;
    const { metrics } = this.#options;
    const sent = counts.samples + counts.histograms;
    metrics.unconfirmed.inc(Math.max(0, sent - readWrittenCount(response)));
    metrics.exemplarsDropped.inc(counts.exemplarsLeftOut);
  }

  /** The headers of the protocol and the signature win over configured ones. */
  async #headersFor(
    { body, version }: WriteRequest,
    attempt: number,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const { config, auth, world, userAgent } = this.#options;
    const headers = protocolHeaders(config, userAgent, version);
    if (attempt > 1) headers['retry-attempt'] = String(attempt - 1);
    try {
      const request = { url: config.url, headers, body };
      return await auth.headersFor(request, world.clock.nowMs(), signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new RecoverableError(
        'SINK_CREDENTIALS',
        `no credentials for remote_write to ${publicUrl(config.url)}: ` +
          `${describeError(error)}; check the task role, or sigv4 in the configuration`,
        { cause: error },
      );
    }
  }
}

/** Undefined when the chunks are not what the encoder wrote. */
function unlessCorrupt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function readRefusal({ body, headers }: ClientResponse): AuthRefusal {
  const dateMs = Date.parse(headers['date'] ?? '');
  return {
    text: body.subarray(0, REFUSAL_MAX).toString('utf8'),
    dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
  };
}
