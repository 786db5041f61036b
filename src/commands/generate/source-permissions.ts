/** The permissions that reading a configuration from its source needs. */
import { parseSourceUri } from '../../config/sources/uri.ts';
import {
  type PolicyStatement,
  readObject,
  readParameter,
  readSecret,
  type ResourcePlace,
} from '../../deploy/permissions.ts';

/** What the source of a configuration needs, as `--config` names it. */
export function permissionsOfSource(source: string, place: ResourcePlace): PolicyStatement[] {
  const uri = parseSourceUri(source);
  switch (uri.kind) {
    case 's3':
      return [readObject(place, uri)];
    case 'ssm':
      return [
        readParameter(place, uri.name, 'the configuration in SSM; without it nothing starts'),
      ];
    case 'secretsmanager':
      return [readSecret(place, uri.id)];
    default:
      return [];
  }
}
