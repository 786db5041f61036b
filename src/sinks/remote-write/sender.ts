/**
 * The way out of a remote_write queue, one per shard: next batch → one request → its answer → acknowledge.
 * A batch stays its lanes' head until it is delivered or dropped for a counted reason, so order is kept and a stop
 * in the middle loses nothing: what was not acknowledged is sent again by the next run.
 */
import { messageOf, RecoverableError } from '../../kernel/errors.ts';
import { retrying } from '../../kernel/retry.ts';
import type { ClientResponse } from '../../kernel/http-client.ts';
import type { World } from '../../kernel/world.ts';
import type { BatchLimits, Chunk, ChunkQueue } from '../../model/queue.ts';
import { WireError } from '../../wire/errors.ts';
import { classify, type RefusalReason } from './answer.ts';
import type { Authenticate, Refusal } from './auth.ts';
import type { RemoteWriteConfig } from './config.ts';
import { type Dialect, type Encoded, protocolHeaders, writtenOf } from './dialect.ts';
import { publicUrl, type RemoteWriteMetrics } from './metrics.ts';
import type { Load, Sharding } from './shards.ts';
import { halve, samplesByJob, withoutOlder } from './split.ts';

/** The longest preamble of a joined snappy block. */
const PREAMBLE_BYTES = 5;
const ANSWER_MAX_BYTES = 1024 * 1024;
/** Of a refusal that is looked into. */
const REFUSAL_MAX = 4_096;
/** Requests that looking for a bad series may cost beyond the first; then what is left is dropped together. */
const ISOLATION_MAX = 64;

export interface SenderOptions {
  readonly config: RemoteWriteConfig;
  readonly queue: ChunkQueue;
  readonly world: World;
  readonly metrics: RemoteWriteMetrics;
  readonly auth: Authenticate;
  readonly userAgent: string;
  readonly dialect: Dialect;
  readonly load: Load;
  readonly random?: (() => number) | undefined;
  /** Instead of what the load asks for. */
  readonly sharding?: Sharding | undefined;
}

export interface ShardSignals {
  /** Between requests: no further batch, no further attempt. */
  readonly ending: AbortSignal;
  /** Cuts requests off too; `ending` aborts with it. */
  readonly stopping: AbortSignal;
}

/** Sends the batches of some lanes until it is to end or the drained lanes are empty. Never rejects. */
export async function runShard(
  lanes: readonly number[],
  options: SenderOptions,
  signals: ShardSignals,
): Promise<void> {
  const { queue, config, world } = options;
  const { maxSamplesPerSend, maxBytesPerSend, batchSendDeadlineMs, maxBackoffMs } = config.queue;
  const limits: BatchLimits = {
    maxSamples: maxSamplesPerSend,
    maxBytes: maxBytesPerSend - PREAMBLE_BYTES,
    maxRawBytes: maxBytesPerSend,
  };
  const { ending } = signals;
  while (!ending.aborted) {
    try {
      const batch = await queue.next(lanes, limits, batchSendDeadlineMs, ending);
      if (batch === undefined) return;
      await deliver(batch.chunks, options, signals);
      queue.acknowledge(batch);
    } catch (error) {
      if (ending.aborted) return;
      world.log.error('remote_write sender failed; it goes on', { lanes, error });
      await world.clock.sleep(maxBackoffMs, ending).catch(() => undefined);
    }
  }
}

/** Resolves when every chunk is delivered or counted as dropped; rejects when it is to end before. */
async function deliver(
  chunks: readonly Chunk[],
  options: SenderOptions,
  signals: ShardSignals,
): Promise<void> {
  // A stack, its next piece at the end: halves leave in order.
  const pieces: (readonly Chunk[])[] = [chunks];
  let isolations = 0;
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const result = await sendUntilAnswered(piece, options, signals);
    if (result.kind === 'done') continue;
    const left = result.chunks;
    const search = result.kind === 'split' || (result.perSeries && isolations < ISOLATION_MAX);
    const halves = search ? tryHalve(left) : undefined;
    if (halves === undefined) {
      refuse(left, result, options);
      continue;
    }
    if (result.kind === 'refused') isolations += 1;
    pieces.push(halves[1], halves[0]);
  }
}

type Result =
  | { readonly kind: 'done' }
  | { readonly kind: 'split'; readonly chunks: readonly Chunk[] }
  | {
      readonly kind: 'refused';
      readonly chunks: readonly Chunk[];
      readonly reason: RefusalReason;
      readonly perSeries: boolean;
      readonly text: string;
    };

/** Sends, and sends again for as long as the failure may pass; what grows too old meanwhile is left out. */
async function sendUntilAnswered(
  piece: readonly Chunk[],
  options: SenderOptions,
  signals: ShardSignals,
): Promise<Result> {
  const { config, world, metrics, load } = options;
  let chunks = piece;
  let failures = 0;
  const answered = retrying(
    async (attempt): Promise<Result> => {
      chunks = dropOld(chunks, options);
      if (chunks.length === 0) return { kind: 'done' };
      if (attempt > 1) metrics.retried.inc(samplesOf(chunks));
      return sendOnce(chunks, attempt, options, signals.stopping);
    },
    {
      clock: world.clock,
      backoff: { minMs: config.queue.minBackoffMs, maxMs: config.queue.maxBackoffMs },
      signal: signals.ending,
      ...(options.random === undefined ? {} : { random: options.random }),
      onRetry: (error, waitMs, attempt) => {
        // Once the other side says how long, that is no failure of the set-up.
        const level = error.code === 'SINK_FORBIDDEN' || attempt > 10 ? 'error' : 'warn';
        if (failures === 0) load.failing += 1;
        failures = attempt;
        world.log[level]('remote_write failed; it is tried again', {
          error,
          attempt,
          wait_ms: waitMs,
          samples: samplesOf(chunks),
        });
      },
    },
  );
  const result = await answered.finally(() => {
    if (failures > 0) load.failing -= 1;
  });
  if (failures > 0 && result.kind === 'done') {
    world.log.info('remote_write delivers again', { failures });
  }
  return result;
}

async function sendOnce(
  chunks: readonly Chunk[],
  attempt: number,
  options: SenderOptions,
  signal: AbortSignal,
): Promise<Result> {
  const { config, world, metrics, auth, dialect, load } = options;
  const request = tryEncode(chunks, options);
  if (request === undefined)
    return { kind: 'refused', chunks, reason: 'corrupt', perSeries: true, text: 'not sent' };
  const { body, counts } = request;
  if (counts !== undefined && counts.samples + counts.histograms === 0) return { kind: 'done' };
  const headers = await authenticated(request, attempt, options, signal);
  const startMs = performance.now();
  const response = await world.http.send({
    method: 'POST',
    url: config.url,
    headers,
    body,
    timeoutMs: config.remoteTimeoutMs,
    bodyMaxBytes: ANSWER_MAX_BYTES,
    signal,
  });
  const tookMs = performance.now() - startMs;
  metrics.batchSeconds.observe(tookMs / 1_000);
  if (request.version === 2 && dialect.isRefusal(response)) {
    if (dialect.version === 2)
      world.log.warn('the receiver does not take remote write 2.0; 1.0 is sent from now on', {
        status: response.status,
        answer: response.body.subarray(0, 200).toString(),
      });
    dialect.fallBack();
    return sendOnce(chunks, attempt, options, signal);
  }
  const answer = classify(response, publicUrl(config.url), world.clock.nowMs(), attempt);
  switch (answer.kind) {
    case 'delivered':
      metrics.samples.inc(samplesOf(chunks));
      metrics.bytes.inc(body.length);
      load.delivered(chunks, tookMs);
      if (counts !== undefined) {
        const sent = counts.samples + counts.histograms;
        metrics.unconfirmed.inc(Math.max(0, sent - writtenOf(response)));
        metrics.exemplarsDropped.inc(counts.exemplarsLeftOut);
      }
      metrics.highestSentSeconds.set(
        Math.max(
          metrics.highestSentSeconds.value,
          ...chunks.map((chunk) => chunk.newestMs / 1_000),
        ),
      );
      return { kind: 'done' };
    case 'again':
      if (answer.credentials) auth.invalidate(refusalOf(response));
      throw answer.error;
    case 'split':
      return { kind: 'split', chunks };
    case 'refused':
      return { ...answer, chunks };
  }
}

function refusalOf({ body, headers }: ClientResponse): Refusal {
  const dateMs = Date.parse(headers['date'] ?? '');
  return {
    text: body.subarray(0, REFUSAL_MAX).toString('utf8'),
    dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
  };
}

/** Undefined when the chunks are not what we wrote. */
function tryEncode(chunks: readonly Chunk[], { dialect }: SenderOptions): Encoded | undefined {
  try {
    return dialect.encode(chunks);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** All headers of a request. What the protocol and the signature set wins over what was configured. */
async function authenticated(
  { body, version }: Encoded,
  attempt: number,
  options: SenderOptions,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const { config, auth, world } = options;
  const headers = protocolHeaders(config, options.userAgent, version);
  if (attempt > 1) headers['retry-attempt'] = String(attempt - 1);
  try {
    const request = { url: config.url, headers, body };
    return await auth.headersFor(request, world.clock.nowMs(), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new RecoverableError(
      'SINK_CREDENTIALS',
      `no credentials for remote_write to ${publicUrl(config.url)}: ${messageOf(error)}; check the task role, or sigv4 in the configuration`,
      { cause: error },
    );
  }
}

function dropOld(chunks: readonly Chunk[], options: SenderOptions): readonly Chunk[] {
  const { config, world, metrics } = options;
  const limitMs = config.queue.sampleAgeLimitMs;
  if (limitMs <= 0) return chunks;
  const { kept, dropped } = withoutOlder(chunks, world.clock.nowMs() - limitMs);
  if (dropped.length > 0)
    world.log.warn('remote_write dropped samples above the age limit', {
      samples: samplesOf(dropped),
      jobs: countByJob(dropped, 'too_old', metrics),
      limit_ms: limitMs,
    });
  return kept;
}

/** Undefined when nothing is left to halve, or when the bytes are not what we wrote. */
function tryHalve(chunks: readonly Chunk[]): [Chunk[], Chunk[]] | undefined {
  try {
    return halve(chunks);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function refuse(
  chunks: readonly Chunk[],
  result: Exclude<Result, { readonly kind: 'done' }>,
  { metrics, world }: SenderOptions,
): void {
  const samples = samplesOf(chunks);
  const reason = result.kind === 'split' ? 'too_large' : result.reason;
  metrics.failed.inc(samples);
  world.log.error('remote_write refused samples; they are dropped', {
    samples,
    reason,
    jobs: countByJob(chunks, reason, metrics),
    answer: result.kind === 'split' ? '413 for a single series' : result.text,
  });
}

/** Counts what is lost; returns the jobs for the log. */
function countByJob(
  chunks: readonly Chunk[],
  reason: string,
  { dropped }: RemoteWriteMetrics,
): string {
  const jobs = samplesByJob(chunks);
  for (const [job, samples] of jobs) dropped.with({ reason, job }).inc(samples);
  return [...jobs.keys()].join(',');
}

function samplesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.samples, 0);
}
