/**
 * What chunks hold, as text like that of RecordingAppender: `name{a="b"} 1 @1000`, `name{} stale
 * @1000`, in the order of the chunks. Samples and markers alone.
 */
import { formatLabelSet, makeLabelSet } from '../../src/model/labels.ts';
import type { Chunk } from '../../src/model/queue.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../src/model/sample.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { uncompress } from '../../src/wire/snappy.ts';

const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;

/** Of chunks that a remote write sink made; those of 2.0 are stored as messages of 1.0, too. */
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

/** Of one line of a file sink. */
export function textOfLine(line: string): string {
  const { labels, timestamp_ms: tMs, value, stale } = JSON.parse(line) as Line;
  const plain = String(value).replace(/^\+?(-?)Inf$/, '$1Infinity');
  const text = stale === true ? 'stale' : plain;
  return `${formatLabelSet(makeLabelSet(labels))} ${text} @${tMs}`;
}

/** Of chunks that a file sink made. */
export function textsOfLines(chunks: readonly Chunk[]): string[] {
  const text = chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join('');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [textOfLine(line)]));
}
