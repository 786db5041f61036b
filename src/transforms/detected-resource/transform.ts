/**
 * Adds attributes that were detected to the resource of every series. Pure.
 * Source: contrib's processor/resourcedetectionprocessor/internal/resourcedetection.go
 */
import { makeLabelSet } from '../../model/labels.ts';
import { formatIdentity, type SeriesTransform } from '../../model/transform.ts';

export type DetectedAttributes = ReadonlyMap<string, string>;

/** @param override  whether they replace attributes that a resource has already */
export function detectedResource(detected: DetectedAttributes, override: boolean): SeriesTransform {
  const added = [...detected];
  return {
    identity: formatIdentity('detected_resource', { added: JSON.stringify(added), override }),
    apply: (series) => {
      if (added.length === 0) return series;
      const own = series.resource.map(({ name, value }) => [name, value] as const);
      const pairs = override ? [...own, ...added] : [...added, ...own];
      return { ...series, resource: makeLabelSet(pairs) };
    },
  };
}

/** Of two that know an attribute, the first has it. */
export function mergeDetected(all: readonly DetectedAttributes[]): DetectedAttributes {
  return new Map(all.toReversed().flatMap((one) => [...one]));
}
