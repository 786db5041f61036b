/**
 * HELP, TYPE and UNIT of the families that are scraped, sent every `send_interval` beside the
 * samples: not kept on disk and not tried for long, since the next round says it all again.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#remote_write
 * (metadata_config)
 */
import { describeError } from '../../../kernel/errors.ts';
import type { World } from '../../../kernel/world.ts';
import type { SeriesMetadata } from '../../../model/sample.ts';
import { WriteRequestEncoder } from '../../../wire/remote-write/encoder.ts';
import { compress } from '../../../wire/snappy.ts';
import type { MetadataStore } from '../metadata-store.ts';
import type { Authenticate } from '../../requests/authenticate.ts';
import type { RemoteWriteConfig } from '../config.ts';
import { publicUrl, type RemoteWriteMetrics } from '../metrics.ts';
import { type NegotiatedVersion, protocolHeaders } from './message-version.ts';

const ANSWER_MAX_BYTES = 64 * 1024;
/** Tries of a request within its round. */
const TRIES = 3;

export interface MetadataSenderOptions {
  readonly config: RemoteWriteConfig;
  /** Between two tries. */
  readonly retryMs: number;
  readonly world: World;
  readonly metrics: RemoteWriteMetrics;
  readonly auth: Authenticate;
  readonly userAgent: string;
  readonly store: MetadataStore;
  readonly negotiated: NegotiatedVersion;
}

/** Sends round after round until the signal aborts. Never rejects. */
export async function runMetadataSender(
  options: MetadataSenderOptions,
  signal: AbortSignal,
): Promise<void> {
  const { config, world, store } = options;
  for (;;) {
    try {
      await world.clock.sleep(config.metadata.intervalMs, signal);
    } catch {
      return;
    }
    // In 2.0 each series says what it is.
    if (options.negotiated.version === 2) continue;
    for (const batch of store.batches(config.metadata.maxPerSend)) {
      if (signal.aborted) return;
      await sendBatch(batch, options, signal);
    }
  }
}

async function sendBatch(
  batch: readonly [string, SeriesMetadata][],
  { config, retryMs, world, metrics, auth, userAgent }: MetadataSenderOptions,
  signal: AbortSignal,
): Promise<void> {
  const encoder = new WriteRequestEncoder();
  for (const [name, metadata] of batch) encoder.appendMetadata({ name, ...metadata });
  const body = compress(encoder.bytes());
  let failure = '';
  for (let attempt = 1; attempt <= TRIES && !signal.aborted; attempt++) {
    try {
      const headers = protocolHeaders(config, userAgent);
      const request = { url: config.url, headers, body };
      const signed = await auth.headersFor(request, world.clock.nowMs(), signal);
      const answer = await world.http.send({
        method: 'POST',
        url: config.url,
        headers: signed,
        body,
        timeoutMs: config.remoteTimeoutMs,
        bodyMaxBytes: ANSWER_MAX_BYTES,
        signal,
      });
      if (answer.status < 300) {
        metrics.metadata.inc(batch.length);
        metrics.metadataBytes.inc(body.length);
        return;
      }
      failure = `status ${answer.status}`;
      if (answer.status < 500 && answer.status !== 429) break;
    } catch (error) {
      failure = describeError(error);
    }
    await world.clock.sleep(retryMs, signal).catch(() => undefined);
  }
  if (signal.aborted) return;
  metrics.metadataFailed.inc(batch.length);
  world.log.warn('metadata was not delivered; the next round sends it again', {
    url: publicUrl(config.url),
    entries: batch.length,
    error: failure,
  });
}
