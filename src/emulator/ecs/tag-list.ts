/** Reads the tags of a request of ECS. */
import { AwsError } from '../service.ts';
import type { Tag } from './shapes.ts';

const KEY_MAX = 128;
const VALUE_MAX = 256;

/** @throws AwsError */
export function parseTags(given: unknown): Tag[] {
  if (given === undefined) return [];
  if (!Array.isArray(given))
    throw new AwsError('InvalidParameterException', 'tags must be a list.');
  return given.map((tag: Partial<Tag>) => {
    const { key, value = '' } = tag;
    if (typeof key !== 'string' || key === '' || key.length > KEY_MAX || value.length > VALUE_MAX)
      throw new AwsError(
        'InvalidParameterException',
        `A tag has a key of 1 to ${KEY_MAX} characters and a value of at most ${VALUE_MAX}.`,
      );
    if (/^aws:/i.test(key))
      throw new AwsError('InvalidParameterException', 'Tag keys can not start with "aws:".');
    return { key, value };
  });
}
