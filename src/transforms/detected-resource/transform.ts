/**
 * Adds attributes that were detected to the resource of every series. Pure.
 * Source: contrib's processor/resourcedetectionprocessor/internal/resourcedetection.go
 */
import { formatIdentity, type SeriesTransform } from '../../model/transform.ts';

export type DetectedAttributes = ReadonlyMap<string, string>;

/** @param override  whether they replace attributes that a resource has already */
export function detectedResource(detected: DetectedAttributes, override: boolean): SeriesTransform {
  const added = [...detected];
  return {
    identity: formatIdentity('detected_resource', { added: JSON.stringify(added), override }),
    change: ({ resource }) => {
      if (added.length === 0) return 'unchanged';
      for (const [name, value] of added)
        if (override || !resource.has(name)) resource.set(name, value);
      return 'changed';
    },
  };
}

/** Of two that know an attribute, the first has it. */
export function mergeDetected(all: readonly DetectedAttributes[]): DetectedAttributes {
  return new Map(all.toReversed().flatMap((one) => [...one]));
}
