/**
 * Hides the secrets of a configuration without holding up the event loop: a long text is handled in
 * a thread of its own. The last result is remembered, and who asks for the same text meanwhile
 * waits for the same thread.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { redactConfig } from './redact.ts';

/** A text of this length takes some 5 ms; a thread takes half a second to start. */
const AT_ONCE_MAX = 16 * 1_024;
/** The compiler does not rewrite URLs: the file beside this one ends as this one does. */
const FILE = new URL(`redact-thread${extname(import.meta.filename)}`, import.meta.url);

export class Redactions {
  #last: { readonly text: string; readonly made: Promise<string> } | undefined;

  /** The text without its secrets. @throws Error where the thread can't be had */
  redact(text: string): Promise<string> {
    if (this.#last?.text === text) return this.#last.made;
    const made = text.length <= AT_ONCE_MAX ? redactConfig(text) : redactInThread(text);
    const last = { text, made };
    this.#last = last;
    made.catch(() => {
      if (this.#last === last) this.#last = undefined;
    });
    return made;
  }
}

function redactInThread(text: string): Promise<string> {
  const worker = new Worker(FILE, { name: 'redaction', workerData: text });
  worker.unref();
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that hides secrets has ended')));
  });
}
