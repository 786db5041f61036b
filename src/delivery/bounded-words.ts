/** Words of others as values of labels: the first ones as they are, later ones as "other". */

export class BoundedWords {
  readonly #known = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  bound(word: string): string {
    if (this.#known.has(word)) return word;
    if (this.#known.size >= this.#max) return 'other';
    this.#known.add(word);
    return word;
  }
}
