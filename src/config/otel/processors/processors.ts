/**
 * The table of processors that are built in; all other code derives from it which there are.
 */
import { batchKind } from './batch.ts';
import { memoryLimiterKind } from './memory-limiter.ts';
import type { ProcessorKind } from './processor.ts';
import { resourceDetectionKind } from './resourcedetection.ts';

export const processorKinds = [
  batchKind,
  memoryLimiterKind,
  resourceDetectionKind,
] as const; // prettier-ignore

/** The kind of a component by its type, under any of its names. */
export function findProcessor(type: string): ProcessorKind | undefined {
  return (processorKinds as readonly ProcessorKind[]).find(({ names }) => names.includes(type));
}
