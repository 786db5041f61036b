/**
 * The seam of processors: a kind has a schema, and makes transforms of a component's keys. A new
 * kind is a file that calls `defineProcessor`, and one word in the table in processors.ts.
 */
import type * as z from 'zod';
import type { Transform } from '../../../model/transform.ts';
import type { DetectionSettings } from '../../../transforms/detected-resource/settings.ts';
import type { SpanTransform } from '../../../wire/otlp/span-transform.ts';
import type { ComponentContext, ComponentKind } from '../component.ts';

/** A transform of what is found out where the collector runs, and not before. */
export interface DetectedTransform {
  readonly detection: DetectionSettings;
}

/**
 * What becomes of a processor in a pipeline of traces that does nothing to spans: why it has no
 * effect there, or what to do instead of it.
 */
export type InTraces =
  | { readonly idle: string }
  | {
      readonly refused: string;
      /** The key that asks for a change; the whole processor does when absent. */
      readonly key?: string;
    };

export interface ProcessorKind<Schema extends z.ZodType = z.ZodType> extends ComponentKind<Schema> {
  /**
   * The transforms in the order in which they are applied; none for a processor that changes no
   * sample. Undefined where it can't be done; the findings then say why.
   */
  resolve(
    input: z.output<Schema>,
    context: ComponentContext,
  ): readonly (Transform | DetectedTransform)[] | undefined;
  /**
   * For a processor of spans: the transforms of a pipeline of traces, as `resolve` gives those of
   * one of metrics.
   */
  resolveSpans?(
    input: z.output<Schema>,
    context: ComponentContext,
  ): readonly (SpanTransform | DetectedTransform)[] | undefined;
  /**
   * For a processor that the Collector has in pipelines of traces, too. Absent where `signals`
   * names traces: it is then resolved there as it is for metrics; absent otherwise: it is an error.
   */
  inTraces?(input: z.output<Schema>): InTraces;
}

/** The advice for processors that would change spans in a way that is not built in. */
export const NO_OTTL = 'OTTL acts on metrics alone: use attributes or resource';

/** Declares a kind, with the type of its input checked against its schema. */
export function defineProcessor<Schema extends z.ZodType>(
  kind: ProcessorKind<Schema>,
): ProcessorKind<Schema> {
  return kind;
}
