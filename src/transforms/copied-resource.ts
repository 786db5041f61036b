/**
 * Attributes of the resource as attributes of each series, as `resource_to_telemetry_conversion`
 * asks for; they replace a series' own of the same name. Pure.
 * Source: contrib's pkg/resourcetotelemetry/resource_to_telemetry.go
 */
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';

/** The attributes that become `job` and `instance`. */
export const SERVICE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'service.name',
  'service.namespace',
  'service.instance.id',
]);

/** @param withService  whether the attributes that become `job` and `instance` are copied too */
export function copiedResource({
  withService,
}: {
  readonly withService: boolean;
}): SeriesTransform {
  return {
    identity: formatIdentity('copied_resource', { withService }),
    change: ({ point }) => {
      for (const [name, value] of point.resource)
        if (withService || !SERVICE_ATTRIBUTES.has(name)) point.attributes.set(name, value);
      return 'changed';
    },
  };
}
