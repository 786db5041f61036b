/**
 * Matches values against the AllowedPattern of parameters. CloudFormation's patterns are Java's,
 * with look-around and back-references, so none of a linear engine; a pattern may thus take longer
 * than anybody waits, and is given up then.
 * Limit: PATTERNS_MAX_MS for the patterns of one call together.
 */
import { createContext, runInContext, type Context } from 'node:vm';
import { refuseTemplate } from './template-text.ts';

/** Thousands of times what patterns take that are meant to be used. */
const PATTERNS_MAX_MS = 1_000;

export class AllowedPatterns {
  #leftMs = PATTERNS_MAX_MS;
  #context: Context | undefined;

  /** Whether the whole text matches. @throws AwsError for no pattern, or one that takes too long */
  matches(pattern: string, text: string): boolean {
    // Only a script of its own can be ended from outside while it matches.
    this.#context ??= createContext();
    Object.assign(this.#context, { pattern: `^(?:${pattern})$`, text });
    const began = performance.now();
    try {
      const timeout = Math.max(1, Math.ceil(this.#leftMs));
      return runInContext('new RegExp(pattern).test(text)', this.#context, { timeout }) === true;
    } catch (error) {
      const isLate = (error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
      throw refuseTemplate(
        isLate
          ? `AllowedPattern ${shorten(pattern)} takes too long for this value`
          : `AllowedPattern ${shorten(pattern)} is no regular expression`,
      );
    } finally {
      this.#leftMs -= performance.now() - began;
    }
  }
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
