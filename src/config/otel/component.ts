/**
 * What every component of a collector configuration has: its names, the schema of its keys, and how
 * it is done here. The kinds of each section extend it; the tables that list them (such as
 * processors/processors.ts) are what the dialect, its reference page and the table of
 * the migration page are made of.
 */
import type * as z from 'zod';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import type { Signal } from '../../sinks/sink.ts';
import type { DocumentReading } from '../reading.ts';

export interface ComponentKind<Schema extends z.ZodType = z.ZodType> {
  /**
   * The type as ADOT 0.49 names it, then its other names. Components were renamed in 2026, and both
   * spellings are in use.
   */
  readonly names: readonly [string, ...string[]];
  /** The schema of its keys; a strict object. */
  readonly schema: Schema;
  /**
   * How it is done where that differs from the Collector: follows "as" in the table of
   * the migration page. Absent: just as the Collector does it.
   */
  readonly as?: string;
  /** The signals of pipelines that may have it; only metrics when absent. */
  readonly signals?: readonly Signal[];
  /**
   * What to use in pipelines of traces, where only the Collector has it; follows its name in a
   * sentence. Absent: it is no component of traces in any collector, or it is one here.
   */
  readonly insteadForTraces?: string;
  /** The least configuration that is valid, for the page and its test; `{}` when absent. */
  readonly minimal?: Readonly<Record<string, unknown>>;
}

/** With what a collector configuration is resolved. */
export interface CollectorContext {
  readonly baseDirectory: string;
  readonly reading: DocumentReading;
  /** Takes paths in the document. */
  readonly report: Reporter;
}

/** Where a component is written, and what it may be resolved with. */
export interface ComponentContext extends CollectorContext {
  /** `type` or `type/more`. */
  readonly name: string;
  /** Path of the component in the document; findings are reported below it. */
  readonly at: ConfigPath;
}
