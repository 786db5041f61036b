/**
 * The two faults of an OTTL text that is read, and the one of a text that runs. Pure.
 */

/** A text that is no valid OTTL, or names what does not exist. */
export class OttlSyntaxError extends Error {
  /** Characters before the fault. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Valid OTTL that can't be done here; the message says what to use instead. */
export class OttlUnsupportedError extends OttlSyntaxError {}

/** What OTTL calls an error of evaluation: its processor decides what becomes of the series. */
export class OttlEvaluationError extends Error {}

/** A value of a wrong type, which `IsString` and its like tell from other errors. */
export class OttlTypeError extends OttlEvaluationError {}

/** Where in its text a fault is, for a message: `at character 7`, or `at line 2, character 3`. */
export function describeOffset(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  const character = (before.at(-1) ?? '').length + 1;
  if (!text.trimEnd().includes('\n')) return `at character ${character}`;
  return `at line ${before.length}, character ${character}`;
}
