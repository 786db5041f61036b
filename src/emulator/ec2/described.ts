/**
 * What the actions of all resources of EC2 do alike: the answer of a Describe action, and the tags
 * that a resource is made with.
 */
import { AwsError, type AwsInput } from '../service.ts';
import { cutEc2Page, type FilterReaders, parseFilters, readEc2Texts, type Tags } from './lists.ts';
import type { Ec2Network } from './network.ts';
import type { ResourceShelf } from './shelf.ts';

interface Described<One extends object> {
  /** The member of the answer. */
  readonly list: string;
  /** The member of the input with ids. */
  readonly ids?: string;
  /** The member of the input with filters; Filters by default. */
  readonly filtersIn?: string;
  readonly idOf: (one: One) => string;
  readonly filters: FilterReaders<One>;
  readonly show: (one: One) => object;
}

/**
 * A list of what is on a shelf, or of what is there and fits otherwise.
 *
 * @throws AwsError for an id that is not there
 */
export function describeShelf<One extends object>(
  network: Ec2Network,
  shelf: Pick<ResourceShelf<One>, 'find' | 'values'>,
  input: AwsInput,
  how: Described<One>,
): Record<string, unknown> {
  const { list, ids: idsIn, idOf, filters, show, filtersIn = 'Filters' } = how;
  const ids = idsIn === undefined ? [] : readEc2Texts(input, idsIn);
  const all = ids.length === 0 ? shelf.values() : ids.map((id) => shelf.find(id));
  const tagsOf = (one: One): Tags => network.tagsOf(idOf(one));
  const fits = parseFilters(input[filtersIn], filters, tagsOf);
  const { page, ...more } = cutEc2Page(all.filter(fits), input, list);
  return { [list]: page.map(show), ...more };
}

/**
 * Sets the tags of TagSpecifications on what is made. To be called before it is made.
 *
 * @param types  the types of what is made
 * @returns      the tags, by type
 * @throws       AwsError for a type that the action does not make
 */
export function readTagSpecifications(
  { TagSpecifications }: AwsInput,
  types: readonly string[],
): (type: string) => readonly (readonly [key: string, value: string])[] {
  const given = (TagSpecifications ?? []) as readonly AwsInput[];
  for (const { ResourceType } of given)
    if (!types.includes(String(ResourceType)))
      throw new AwsError(
        'InvalidParameterValue',
        `'${String(ResourceType)}' is not a valid taggable resource type for this operation.`,
      );
  const byType = new Map(
    types.map((type) => [
      type,
      given
        .filter((one) => one['ResourceType'] === type)
        .flatMap((one) => readEc2Tags(one['Tags'])),
    ]),
  );
  return (type) => byType.get(type) ?? [];
}

const KEY_MAX = 128;
const VALUE_MAX = 256;

/** @throws AwsError */
export function readEc2Tags(tags: unknown): (readonly [key: string, value: string])[] {
  return ((tags ?? []) as AwsInput[]).map(({ Key, Value = '' }) => {
    const key = String(Key ?? '');
    const value = String(Value);
    if (key === '' || key.length > KEY_MAX)
      throw new AwsError(
        'InvalidParameterValue',
        `Tag key must be between 1 and ${KEY_MAX} characters in length: ${key}`,
      );
    if (value.length > VALUE_MAX)
      throw new AwsError(
        'InvalidParameterValue',
        `Tag value exceeds the maximum length of ${VALUE_MAX} characters.`,
      );
    return [key, value];
  });
}
