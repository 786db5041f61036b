/**
 * AWS Systems Manager Parameter Store: parameters and secure parameters with versions and labels,
 * and the size limits of both tiers.
 * Limits: 10,000 parameters, 100 versions of each.
 * Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
 */
import type { Clock } from '../kernel/clock.ts';
import { type AccessTable, describeTags, needOn, textOf, textsOf } from './access.ts';
import { requireOne } from './members.ts';
import { findPublicParameter } from './images.ts';
import {
  AwsError,
  type AwsInput,
  cutListPage,
  type JsonService,
  type AwsPlace,
  requireText,
} from './service.ts';

interface Parameter {
  readonly Name: string;
  readonly Type: string;
  readonly Value: string;
  readonly Version: number;
  readonly LastModifiedDate: number;
  readonly ARN: string;
  readonly DataType: 'text';
}

interface History {
  readonly versions: Parameter[];
  /** Label → version. */
  readonly labels: Map<string, number>;
  readonly tags: Map<string, string>;
}

const VALUE_MAX_BYTES = { Standard: 4_096, Advanced: 8_192 } as const;
const TYPES = ['String', 'StringList', 'SecureString'];
const TIERS = ['Standard', 'Advanced', 'Intelligent-Tiering'] as const;
const VERSIONS_MAX = 100;
const PARAMETERS_MAX = 10_000;
const LABELS_MAX = 10;
const NAMES_MAX = 10;

/**
 * A parameter by its name, perhaps with a version or label, or by its ARN. AWS's own are of no
 * account.
 */
function parameterArn(name: string, { accountId, region }: AwsPlace): string {
  const path = name
    .replace(/^arn:.*:parameter\//, '')
    .replace(/^\//, '')
    .replace(/:[^:/]*$/, '');
  const owner = path.startsWith('aws/') ? '' : accountId;
  return `arn:aws:ssm:${region}:${owner}:parameter/${path}`;
}

const PARAMETER_ACCESS: AccessTable = {
  ...needOn(
    'ssm',
    'AddTagsToResource ListTagsForResource RemoveTagsFromResource',
    (input, at) => parameterArn(textOf(input, 'ResourceId'), at),
    describeTags,
  ),
  ...needOn(
    'ssm',
    'GetParameter PutParameter DeleteParameter LabelParameterVersion',
    (input, at) => parameterArn(textOf(input, 'Name'), at),
    (input) => ({
      ...describeTags(input),
      ...(typeof input['Overwrite'] === 'boolean' && {
        'ssm:Overwrite': String(input['Overwrite']),
      }),
    }),
  ),
  ...needOn('ssm', 'GetParameters', (input, at) =>
    textsOf(input, 'Names').map((name) => parameterArn(name, at)),
  ),
  ...needOn(
    'ssm',
    'GetParametersByPath',
    (input, at) => parameterArn(textOf(input, 'Path').replace(/\/$/, ''), at),
    (input) => ({ 'ssm:Recursive': String(input['Recursive'] === true) }),
  ),
};

export function createParameterStore(place: AwsPlace, clock: Clock): JsonService {
  const parameters = new Map<string, History>();

  /** Finds a parameter by `name`, `name:3` or `name:label`. */
  const get = (asked: string): Parameter & { readonly Selector?: string } => {
    const [, name = '', selector] = /^(.*?)(?::([^:/]+))?$/.exec(asked) ?? [];
    const history = parameters.get(name);
    const open = history === undefined ? findPublicParameter(place.region, name) : undefined;
    if (open !== undefined) return describePublic(name, open, place.region);
    if (history === undefined)
      throw new AwsError('ParameterNotFound', `parameter ${name} not found`);
    if (selector === undefined) return history.versions.at(-1) as Parameter;
    const number = history.labels.get(selector) ?? Number(selector);
    const found = history.versions.find(({ Version }) => Version === number);
    if (found === undefined)
      throw new AwsError(
        'ParameterVersionNotFound',
        `Systems Manager could not find version ${selector} of ${name}.`,
      );
    return { ...found, Selector: `:${selector}` };
  };
  const isKnown = (asked: string): boolean => {
    try {
      return get(asked) !== undefined;
    } catch (error) {
      if (error instanceof AwsError) return false;
      throw error;
    }
  };
  const show = (name: string, input: AwsInput): object => {
    const found = get(name);
    const isHidden = found.Type === 'SecureString' && input['WithDecryption'] !== true;
    return isHidden ? { ...found, Value: Buffer.from(found.Value).toString('base64') } : found;
  };
  const put = (input: AwsInput): object => {
    const name = requireText(input, 'Name');
    const value = requireText(input, 'Value');
    const history = parameters.get(name) ?? {
      versions: [],
      labels: new Map<string, number>(),
      tags: new Map<string, string>(),
    };
    const before = history.versions.at(-1);
    if (input['Overwrite'] === true && input['Tags'] !== undefined)
      throw new AwsError(
        'ValidationException',
        'Invalid request: tags and overwrite can not be used together.',
      );
    if (before !== undefined && input['Overwrite'] !== true)
      throw new AwsError(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in ' +
          'the request to true.',
      );
    if (before === undefined && parameters.size >= PARAMETERS_MAX)
      throw new AwsError(
        'ParameterLimitExceeded',
        `there are ${PARAMETERS_MAX} parameters already`,
      );
    const asked = requireOne(input, 'Tier', TIERS) ?? 'Standard';
    const isLarge = Buffer.byteLength(value) > VALUE_MAX_BYTES.Standard;
    const fitting = isLarge ? 'Advanced' : 'Standard';
    const tier = asked === 'Intelligent-Tiering' ? fitting : asked;
    if (Buffer.byteLength(value) > VALUE_MAX_BYTES[tier])
      throw new AwsError(
        'ValidationException',
        `${tier} tier parameters support a maximum parameter value of ` +
          `${VALUE_MAX_BYTES[tier]} characters.`,
      );
    const type = String(input['Type'] ?? before?.Type ?? 'String');
    if (!TYPES.includes(type))
      throw new AwsError(
        'UnsupportedParameterType',
        `type ${type} is not one of ${TYPES.join(', ')}`,
      );
    const version = (before?.Version ?? 0) + 1;
    setTags(history, input['Tags']);
    history.versions.push({
      Name: name,
      Type: type,
      Value: value,
      Version: version,
      LastModifiedDate: clock.nowMs() / 1_000,
      ARN: `arn:aws:ssm:${place.region}:${place.accountId}:parameter/${name.replace(/^\//, '')}`,
      DataType: 'text',
    });
    if (history.versions.length > VERSIONS_MAX) history.versions.shift();
    parameters.set(name, history);
    return { Version: version, Tier: tier };
  };
  const requireTagged = (input: AwsInput): History => {
    requireOne(input, 'ResourceType', ['Parameter']);
    const found = parameters.get(requireText(input, 'ResourceId'));
    if (found !== undefined) return found;
    throw new AwsError('InvalidResourceId', 'The resource ID is not valid.');
  };
  return {
    signingName: 'ssm',
    target: 'AmazonSSM',
    access: PARAMETER_ACCESS,
    actions: {
      AddTagsToResource: (input) => {
        setTags(requireTagged(input), input['Tags']);
        return {};
      },
      RemoveTagsFromResource: (input) => {
        const { tags } = requireTagged(input);
        for (const key of (input['TagKeys'] ?? []) as string[]) tags.delete(key);
        return {};
      },
      ListTagsForResource: (input) => ({
        TagList: [...requireTagged(input).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
      PutParameter: put,
      GetParameter: (input) => ({ Parameter: show(requireText(input, 'Name'), input) }),
      GetParameters: (input) => {
        const names = (input['Names'] ?? []) as string[];
        if (names.length === 0 || names.length > NAMES_MAX)
          throw new AwsError('ValidationException', `Names must have 1 to ${NAMES_MAX} items`);
        const found = new Map(
          names.map((name) => [name, isKnown(name) ? show(name, input) : null]),
        );
        return {
          Parameters: [...found.values()].filter((parameter) => parameter !== null),
          InvalidParameters: names.filter((name) => found.get(name) === null),
        };
      },
      GetParametersByPath: (input) => {
        const path = requireText(input, 'Path').replace(/\/?$/, '/');
        const isDeep = input['Recursive'] === true;
        const names = [...parameters.keys()].filter((name) => {
          // A name without a slash is one at the root.
          const whole = name.startsWith('/') ? name : `/${name}`;
          return whole.startsWith(path) && (isDeep || !whole.slice(path.length).includes('/'));
        });
        const { page, ...more } = cutListPage(names, input);
        return { Parameters: page.map((name) => show(name, input)), ...more };
      },
      LabelParameterVersion: (input) => {
        const name = requireText(input, 'Name');
        const { Version } = get(name);
        const history = parameters.get(name) as History;
        const version = Number(input['ParameterVersion'] ?? Version);
        get(`${name}:${version}`);
        const labels = (input['Labels'] ?? []) as string[];
        const isBad = (label: string): boolean =>
          !/^[A-Za-z_][\w.-]{0,99}$/.test(label) || /^(?:aws|ssm)/i.test(label);
        for (const label of labels) if (!isBad(label)) history.labels.set(label, version);
        const own = [...history.labels.values()].filter((labelled) => labelled === version);
        if (own.length > LABELS_MAX)
          throw new AwsError(
            'ParameterVersionLabelLimitExceeded',
            `A parameter version can have maximum ${LABELS_MAX} labels.`,
          );
        return { InvalidLabels: labels.filter(isBad), ParameterVersion: version };
      },
      DeleteParameter: (input) => {
        parameters.delete(get(requireText(input, 'Name')).Name);
        return {};
      },
    },
  };
}

const TAGS_MAX = 50;

function setTags({ tags }: History, given: unknown): void {
  const list = (given ?? []) as readonly { readonly Key?: unknown; readonly Value?: unknown }[];
  for (const { Key, Value } of list) {
    if (typeof Key !== 'string' || !/^(?!aws:).{1,128}$/i.test(Key))
      throw new AwsError(
        'ValidationException',
        `tag key ${String(Key).slice(0, 130)} is not valid`,
      );
    if (!tags.has(Key) && tags.size >= TAGS_MAX)
      throw new AwsError('TooManyTagsError', `a parameter can have at most ${TAGS_MAX} tags`);
    tags.set(Key, String(Value ?? ''));
  }
}

/** A parameter of AWS itself: it has one version, and nobody's account. */
function describePublic(name: string, value: string, region: string): Parameter {
  return {
    Name: name,
    Type: 'String',
    Value: value,
    Version: 1,
    LastModifiedDate: 0,
    ARN: `arn:aws:ssm:${region}::parameter${name}`,
    DataType: 'text',
  };
}
