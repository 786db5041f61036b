/**
 * Judges the entity of a PutLogEvents: which resource the events are of. A wrong one is told, and
 * the events are kept all the same. Pure.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Entity.html
 */

type EntityFault =
  | 'InvalidEntity'
  | 'InvalidTypeValue'
  | 'InvalidKeyAttributes'
  | 'InvalidAttributes'
  | 'MissingRequiredFields';

const KEYS = ['Type', 'ResourceType', 'Identifier', 'Name', 'Environment'];
const TYPES = ['Service', 'Resource', 'AWS::Service', 'AWS::Resource', 'RemoteService'];
const KEY_ATTRIBUTES_MAX = 4;
const ATTRIBUTES_MAX = 10;
const TEXT_MAX = 512;

/** @returns undefined for a right entity, and for none */
export function describeEntityFault(entity: unknown): EntityFault | undefined {
  if (entity === undefined || entity === null) return undefined;
  if (typeof entity !== 'object') return 'InvalidEntity';
  const { keyAttributes, attributes } = entity as Readonly<Record<string, unknown>>;
  if (keyAttributes === undefined) return 'MissingRequiredFields';
  if (!isTexts(keyAttributes, KEY_ATTRIBUTES_MAX)) return 'InvalidKeyAttributes';
  const { Type: type, Name: name, Identifier: identifier } = keyAttributes;
  if (type === undefined) return 'MissingRequiredFields';
  if (!TYPES.includes(type)) return 'InvalidTypeValue';
  if (Object.keys(keyAttributes).some((key) => !KEYS.includes(key))) return 'InvalidKeyAttributes';
  if (name === undefined && identifier === undefined) return 'MissingRequiredFields';
  if (attributes !== undefined && !isTexts(attributes, ATTRIBUTES_MAX)) return 'InvalidAttributes';
  return undefined;
}

function isTexts(value: unknown, most: number): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length <= most &&
    Object.values(value).every(
      (text) => typeof text === 'string' && text.length > 0 && text.length <= TEXT_MAX,
    )
  );
}
