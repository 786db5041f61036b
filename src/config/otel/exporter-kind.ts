/**
 * The seam of exporters that become a sink of a kind of its own. A new one is a file that calls
 * `defineExporter`, and one word in the table in exporter-kinds.ts.
 */
import type * as z from 'zod';
import type { ConfigPath } from '../../settings/finding.ts';
import type { DirectSinkKind, SinkKind } from '../../sinks/sink.ts';
import type { Credentials } from './authenticators.ts';
import type { ComponentContext, ComponentKind } from './component.ts';

export interface ResolvedExporter {
  readonly kind: SinkKind | DirectSinkKind;
  /** The keys of an entry of the kind, before its schema. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Keys of the entry that are called otherwise in the exporter. */
  readonly keys?: Readonly<Record<string, ConfigPath>>;
}

export interface ExporterContext extends ComponentContext {
  /**
   * The credentials of the authenticator that the exporter names. Undefined where it can't be done,
   * which the findings say.
   *
   * @param path  of the name
   */
  readonly authenticate: (authenticator: string, path: ConfigPath) => Credentials | undefined;
}

export interface ExporterKind<Schema extends z.ZodType = z.ZodType> extends ComponentKind<Schema> {
  /** The sink. Undefined where it can't be done; the findings then say why. */
  resolve(input: z.output<Schema>, context: ExporterContext): ResolvedExporter | undefined;
}

/** Declares a kind, with the type of its input checked against its schema. */
export function defineExporter<Schema extends z.ZodType>(
  kind: ExporterKind<Schema>,
): ExporterKind<Schema> {
  return kind;
}

/** An entry without the keys that have no value. */
export function pickDefined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
