/**
 * What is told beside a converted configuration: what changes by the conversion, and what stands in
 * its way. Pure.
 */

export interface Conversion {
  /** The dialect that was made. */
  readonly to: 'prometheus' | 'collector';
  /** The configuration as a value; of no use where something stands in the way. */
  readonly document: Readonly<Record<string, unknown>>;
  /** What the converted configuration does otherwise, a sentence each. */
  readonly changes: readonly string[];
  /** Why there is no equivalent configuration, a sentence each; empty where there is one. */
  readonly obstacles: readonly string[];
}

/** Gathers the sentences, each once. */
export class Notes {
  readonly #changes = new Set<string>();
  readonly #obstacles = new Set<string>();

  change(sentence: string): void {
    this.#changes.add(sentence);
  }

  obstacle(sentence: string): void {
    this.#obstacles.add(sentence);
  }

  get changes(): readonly string[] {
    return [...this.#changes];
  }

  get obstacles(): readonly string[] {
    return [...this.#obstacles];
  }
}
