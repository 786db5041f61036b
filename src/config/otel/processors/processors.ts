/**
 * The table of processors that are built in; all other code derives from it which there are.
 */
import { attributesKind } from './attributes.ts';
import { batchKind } from './batch.ts';
import { filterKind } from './filter.ts';
import { cumulativeToDeltaKind } from './cumulativetodelta.ts';
import { deltaToCumulativeKind } from './deltatocumulative.ts';
import { memoryLimiterKind } from './memory-limiter.ts';
import { metricsTransformKind } from './metricstransform.ts';
import type { ProcessorKind } from './processor.ts';
import { probabilisticSamplerKind } from './probabilistic-sampler.ts';
import { transformKind } from './transform.ts';
import { groupByAttributesKind } from './groupbyattrs.ts';
import { resourceKind } from './resource.ts';
import { resourceDetectionKind } from './resourcedetection.ts';

export const processorKinds = [
  attributesKind,
  batchKind,
  filterKind,
  cumulativeToDeltaKind,
  deltaToCumulativeKind,
  memoryLimiterKind,
  transformKind,
  groupByAttributesKind,
  metricsTransformKind,
  probabilisticSamplerKind,
  resourceKind,
  resourceDetectionKind,
] as const; // prettier-ignore

/** The kind of a component by its type, under any of its names. */
export function findProcessor(type: string): ProcessorKind | undefined {
  return (processorKinds as readonly ProcessorKind[]).find(({ names }) => names.includes(type));
}
