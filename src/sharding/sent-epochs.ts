/**
 * Up to which hand-over this collector has sent what it scraped before: the epoch that the others
 * are told. What was appended before one hand-over was appended before all later ones, so a flush
 * that is done is done for all earlier epochs, too.
 */
import type { Released } from './sharing.ts';

export class SentEpochs {
  readonly #onSent: (epoch: number) => void;
  /** Epochs whose flush is under way; each goes when what it waits for is sent or too old. */
  #waiting: number[] = [];
  #newest = 0;

  /** @param onSent  called with the epoch up to which all is sent */
  constructor(onSent: (epoch: number) => void) {
    this.#onSent = onSent;
  }

  get epoch(): number {
    return (this.#waiting[0] ?? this.#newest + 1) - 1;
  }

  /** To be called when the parts of others were given up under an epoch. */
  note(epoch: number, { rest }: Released): void {
    this.#newest = Math.max(this.#newest, epoch);
    if (rest === undefined) return;
    this.#waiting.push(epoch);
    void rest.then(() => {
      this.#waiting = this.#waiting.filter((one) => one > epoch);
      this.#onSent(this.epoch);
    });
  }
}
