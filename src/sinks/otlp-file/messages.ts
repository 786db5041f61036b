/**
 * The way into the queue of an otlp_file sink: a commit becomes messages, each an
 * ExportMetricsServiceRequest of bounded size, as it is in the file.
 *
 *     plain        {"resourceMetrics":[…]}\n
 *     compressed   length, 4 bytes, the highest first │ zstd of the JSON
 *
 * Source: contrib's exporter/fileexporter/file_writer.go
 */
import { constants, zstdCompressSync } from 'node:zlib';
import type { Load } from '../../delivery/load.ts';
import { countMetrics, type ResourceMetrics, splitMetrics } from '../../model/otel-metrics.ts';
import type { ChunkQueue } from '../../model/queue.ts';
import { formatMetricsRequest, type Scope } from '../../wire/otlp/metrics-json.ts';

/** Data points of one message. A scrape of more becomes several messages. */
const POINTS_MAX = 1_000;

export interface MessageFormat {
  /** Level of zstd; undefined: a line of plain text. */
  readonly zstdLevel: number | undefined;
}

export interface MessageOptions {
  readonly queue: ChunkQueue;
  readonly load: Load;
  readonly scope: Scope;
  readonly format: MessageFormat;
}

/** Puts the metrics of a commit into the queue, a message a slice. */
export function createMessages({
  queue,
  load,
  scope,
  format,
}: MessageOptions): (all: readonly ResourceMetrics[]) => Generator<undefined, void, undefined> {
  return function* take(all) {
    for (const part of splitMetrics(all, POINTS_MAX)) {
      const bytes = frameMessage(formatMetricsRequest(part, scope), format);
      const items = countMetrics(part).points;
      const { oldestMs, newestMs } = findTimes(part);
      queue.append({ bytes, items, oldestMs, newestMs, lane: 0, rawBytes: bytes.length });
      load.taken(items, newestMs);
      yield;
    }
  };
}

export function frameMessage(json: string, { zstdLevel }: MessageFormat): Buffer {
  if (zstdLevel === undefined) return Buffer.from(`${json}\n`);
  const params = { [constants.ZSTD_c_compressionLevel]: zstdLevel };
  const body = zstdCompressSync(json, { params });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function findTimes(all: readonly ResourceMetrics[]): { oldestMs: number; newestMs: number } {
  let oldestMs = Infinity;
  let newestMs = -Infinity;
  for (const { metrics } of all)
    for (const { data } of metrics)
      for (const { tMs } of data.points) {
        if (tMs < oldestMs) oldestMs = tMs;
        if (tMs > newestMs) newestMs = tMs;
      }
  return { oldestMs, newestMs };
}
