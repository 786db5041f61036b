/**
 * A remote_write receiver that keeps what comes, by sender (the first part of its path) and series: values in order of
 * time, stale markers as `stale`. Answers 204 unless told otherwise.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { formatLabelSet } from '../../src/model/labels.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../src/model/sample.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write.ts';
import { uncompress } from '../../src/wire/snappy.ts';

export interface Received {
  readonly tMs: number;
  readonly value: number | 'stale';
}

export interface Receiver {
  readonly url: string;
  /** Samples of a sender by series, in order of time. */
  of(sender: string): Map<string, Received[]>;
}

const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;

export async function startReceiver(context: TestContext): Promise<Receiver> {
  const senders = new Map<string, Map<string, Received[]>>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const sender = (request.url ?? '').split('/')[1] ?? '';
      const series = senders.get(sender) ?? new Map<string, Received[]>();
      senders.set(sender, series);
      decodeWriteRequest(uncompress(Buffer.concat(parts), MESSAGE_MAX_BYTES), {
        series(labels, timestampsMs, values, count) {
          const bits = new Uint32Array(values.buffer);
          const key = formatLabelSet(labels);
          const list = series.get(key) ?? [];
          series.set(key, list);
          for (let i = 0; i < count; i++) {
            const isStale = bits[i * 2] === STALE_NAN_LOW && bits[i * 2 + 1] === STALE_NAN_HIGH;
            list.push({ tMs: timestampsMs[i]!, value: isStale ? 'stale' : values[i]! });
          }
        },
      });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    of(sender) {
      const sorted = new Map<string, Received[]>();
      for (const [key, list] of senders.get(sender) ?? [])
        sorted.set(
          key,
          list.toSorted((a, b) => a.tMs - b.tMs),
        );
      return sorted;
    },
  };
}
