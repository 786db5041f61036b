/** Events as lines on the standard output, in place of requests. */
import type { Answer, Protocol } from '../../delivery/protocol.ts';
import type { Chunk } from '../../model/queue.ts';
import { unpackEvents } from './chunk.ts';

/** As much of a stream of Node as is used. */
export interface LineOutput {
  write(text: string): boolean;
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** @param onSending  called before lines are written */
export function stdoutProtocol(output: LineOutput, onSending: () => void): Protocol<string> {
  return {
    encode(chunks: readonly Chunk[]) {
      let text = '';
      for (const chunk of chunks) {
        const unpacked = unpackEvents(chunk);
        if (unpacked === undefined) return undefined;
        for (const { message } of unpacked.events) text += `${message.toString('utf8')}\n`;
      }
      return text;
    },
    async send(text, _attempt, signal): Promise<Answer> {
      onSending();
      if (!output.write(text)) await waitForDrain(output, signal);
      return { kind: 'delivered', bytes: Buffer.byteLength(text) };
    },
  };
}

/** The reader of a pipe sets the pace. */
function waitForDrain(output: LineOutput, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      output.off('drain', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    output.once('drain', end);
    signal.addEventListener('abort', end, { once: true });
  });
}
