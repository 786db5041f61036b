/**
 * The seam of doctor: what a check is, and what it tells. A new check is a file beside this one
 * that calls `defineCheck`, and a word in the table in checks.ts; docs/doctor.md lists its findings
 * by that table. A check changes nothing, asks only what the subject hands it, and ends when its
 * signal aborts.
 */
import type { Subject } from './subject.ts';

export type DiagnosisSeverity = 'error' | 'warning' | 'ok' | 'skipped';

/** One result of a check. */
export interface Diagnosis {
  /** Of the check. */
  readonly check: string;
  /** Of the finding; that of the check for `ok` and `skipped`. */
  readonly id: string;
  readonly severity: DiagnosisSeverity;
  readonly what: string;
  /** `file:line:column` where it is about the configuration, else ''. */
  readonly where: string;
  readonly evidence: readonly string[];
  readonly remedy: string;
  /** A page of docs/; '' for none. */
  readonly documentation: string;
}

/** What a check can find, whatever the case at hand. */
export interface FindingKind {
  readonly severity: 'error' | 'warning';
  /** A sentence for a reader who has just met it. */
  readonly means: string;
  /** What to do about it, where the case at hand has no better words. */
  readonly remedy: string;
  /** The page of docs/ that tells more. */
  readonly page: string;
}

/** The case at hand. */
export interface FoundCase {
  readonly what: string;
  readonly where?: string | undefined;
  readonly evidence?: readonly string[] | undefined;
  readonly remedy?: string | undefined;
}

/** Takes what a check has to tell. */
export interface Telling<Ids extends string> {
  found(id: Ids, found: FoundCase): void;
  ok(what: string, evidence?: readonly string[]): void;
  /** What could not be looked at, and why; it is no fault. */
  skipped(what: string): void;
}

export interface DoctorCheck<Id extends string = string, Ids extends string = string> {
  readonly id: Id;
  /** What it looks at: the heading of its findings. */
  readonly looksAt: string;
  readonly timeoutMs: number;
  readonly kinds: Readonly<Record<Ids, FindingKind>>;
  look(subject: Subject, tell: Telling<Ids>, signal: AbortSignal): Promise<void>;
}

/** Declares a check: the ids that it tells are those of its kinds. */
export function defineCheck<const Id extends string, const Ids extends string>(
  check: DoctorCheck<Id, Ids>,
): DoctorCheck<Id, Ids> {
  return check;
}
