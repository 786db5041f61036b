/**
 * The seam of processors: a kind has a schema, and makes transforms of a component's keys. A new
 * kind is a file that calls `defineProcessor`, and one word in the table in processors.ts.
 */
import type { z } from 'zod';
import type { Transform } from '../../../model/transform.ts';
import type { DetectionSettings } from '../../../transforms/detected-resource/settings.ts';
import type { ComponentContext, ComponentKind } from '../component.ts';

/** A transform of what is found out where the collector runs, and not before. */
export interface DetectedTransform {
  readonly detection: DetectionSettings;
}

export interface ProcessorKind<Schema extends z.ZodType = z.ZodType> extends ComponentKind<Schema> {
  /**
   * The transforms in the order in which they are applied; none for a processor that changes no
   * sample. Undefined where it can't be done; the findings then say why.
   */
  resolve(
    input: z.output<Schema>,
    context: ComponentContext,
  ): readonly (Transform | DetectedTransform)[] | undefined;
}

/** Declares a kind, with the type of its input checked against its schema. */
export function defineProcessor<Schema extends z.ZodType>(
  kind: ProcessorKind<Schema>,
): ProcessorKind<Schema> {
  return kind;
}
