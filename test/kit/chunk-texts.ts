/**
 * Shows what chunks hold as text, in the form of RecordingAppender and in the order of the chunks:
 * `name{a="b"} 1 @1000`, `name{} stale @1000`. Only samples and stale markers are shown.
 */
import { formatLabelSet, makeLabelSet } from '../../src/model/labels.ts';
import type { Chunk } from '../../src/model/queue.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../src/model/sample.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { uncompress } from '../../src/wire/snappy.ts';

const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;

/** Shows chunks of a remote write sink. Chunks for 2.0 are also stored as messages of 1.0. */
export function textsOfMessages(chunks: readonly Chunk[]): string[] {
  return chunks.flatMap(({ bytes }) => {
    const texts: string[] = [];
    decodeWriteRequest(uncompress(bytes, MESSAGE_MAX_BYTES), {
      series(labels, timestampsMs, values, count) {
        const bits = new Uint32Array(values.buffer, values.byteOffset);
        for (let i = 0; i < count; i++) {
          const isStale = bits[i * 2] === STALE_NAN_LOW && bits[i * 2 + 1] === STALE_NAN_HIGH;
          const value = isStale ? 'stale' : values[i]!;
          texts.push(`${formatLabelSet(labels)} ${value} @${timestampsMs[i]!}`);
        }
      },
    });
    return texts;
  });
}

interface Line {
  readonly labels: Record<string, string>;
  readonly timestamp_ms: number;
  readonly value?: number | string;
  readonly stale?: boolean;
}

/** Shows one line of a file sink. */
export function textOfLine(line: string): string {
  const { labels, timestamp_ms: tMs, value, stale } = JSON.parse(line) as Line;
  const plain = String(value).replace(/^\+?(-?)Inf$/, '$1Infinity');
  const text = stale === true ? 'stale' : plain;
  return `${formatLabelSet(makeLabelSet(labels))} ${text} @${tMs}`;
}

/** Shows chunks of a file sink. */
export function textsOfLines(chunks: readonly Chunk[]): string[] {
  const text = chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join('');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [textOfLine(line)]));
}
