/**
 * AWS Secrets Manager: secrets with versions and stages.
 * Limits: 1,000 secrets, 100 versions of each.
 * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { describeTags, needOn, textOf } from './access.ts';
import {
  AwsError,
  type AwsInput,
  type JsonService,
  type AwsPlace,
  requireText,
} from './service.ts';

interface Secret {
  readonly arn: string;
  readonly name: string;
  /** By version id, in order of creation; the last two are AWSPREVIOUS and AWSCURRENT. */
  readonly versions: Map<string, SecretVersion>;
}

interface SecretVersion {
  readonly value: { readonly SecretString: string } | { readonly SecretBinary: string };
  readonly createdSeconds: number;
}

const TEXT_MAX_BYTES = 65_536;
const VERSIONS_MAX = 100;
const SECRETS_MAX = 1_000;

export function createSecretsManager(place: AwsPlace, clock: Clock): JsonService {
  const secrets = new Map<string, Secret>();
  const find = (id: string): Secret => {
    const found = [...secrets.values()].find(({ name, arn }) => name === id || arn === id);
    if (found === undefined)
      throw new AwsError(
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret.",
      );
    return found;
  };
  const put = (secret: Secret, input: AwsInput): object => {
    const binary = input['SecretBinary'];
    const value =
      typeof binary === 'string'
        ? { SecretBinary: binary }
        : { SecretString: requireText(input, 'SecretString') };
    if (Buffer.byteLength(Object.values(value)[0] ?? '') > TEXT_MAX_BYTES)
      throw new AwsError(
        'InvalidParameterException',
        'The secret value is longer than 65536 bytes.',
      );
    const id = String(input['ClientRequestToken'] ?? randomUUID());
    const known = secret.versions.get(id);
    if (known !== undefined && JSON.stringify(known.value) !== JSON.stringify(value))
      throw new AwsError(
        'ResourceExistsException',
        'You already have a version of this token with another value.',
      );
    if (known === undefined)
      secret.versions.set(id, { value, createdSeconds: clock.nowMs() / 1_000 });
    const [oldest] = secret.versions.keys();
    if (secret.versions.size > VERSIONS_MAX && oldest !== undefined) secret.versions.delete(oldest);
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: ['AWSCURRENT'] };
  };
  return {
    signingName: 'secretsmanager',
    target: 'secretsmanager',
    access: needOn(
      'secretsmanager',
      'CreateSecret PutSecretValue DescribeSecret GetSecretValue',
      (input, { accountId, region }) => {
        const id = textOf(input, 'SecretId') || textOf(input, 'Name');
        const known = [...secrets.values()].find(({ name, arn }) => name === id || arn === id);
        if (known !== undefined || id.startsWith('arn:')) return known?.arn ?? id;
        return `arn:aws:secretsmanager:${region}:${accountId}:secret:${id}`;
      },
      (input) => ({
        ...describeTags(input),
        'secretsmanager:SecretId': textOf(input, 'SecretId') || textOf(input, 'Name'),
        'secretsmanager:VersionStage': textOf(input, 'VersionStage') || 'AWSCURRENT',
      }),
    ),
    actions: {
      CreateSecret: (input) => {
        const name = requireText(input, 'Name');
        if (secrets.has(name))
          throw new AwsError(
            'ResourceExistsException',
            `The operation failed because the secret ${name} already exists.`,
          );
        if (secrets.size >= SECRETS_MAX)
          throw new AwsError('LimitExceededException', `there are ${SECRETS_MAX} secrets already`);
        const secret: Secret = {
          arn: `arn:aws:secretsmanager:${place.region}:${place.accountId}:secret:${name}-AbCdEf`,
          name,
          versions: new Map(),
        };
        secrets.set(name, secret);
        return put(secret, input);
      },
      PutSecretValue: (input) => put(find(requireText(input, 'SecretId')), input),
      DescribeSecret: (input) => {
        const { arn, name, versions } = find(requireText(input, 'SecretId'));
        const ids = [...versions.keys()];
        return {
          ARN: arn,
          Name: name,
          VersionIdsToStages: Object.fromEntries(
            ids.slice(-2).map((id) => [id, [id === ids.at(-1) ? 'AWSCURRENT' : 'AWSPREVIOUS']]),
          ),
        };
      },
      GetSecretValue: (input) => {
        const { arn, name, versions } = find(requireText(input, 'SecretId'));
        const ids = [...versions.keys()];
        const stages: Readonly<Record<string, string | undefined>> = {
          AWSCURRENT: ids.at(-1),
          AWSPREVIOUS: ids.at(-2),
        };
        const { VersionStage: asked, VersionId: askedId } = input;
        const byStage = stages[String(asked ?? 'AWSCURRENT')];
        const id = String(askedId ?? byStage ?? '');
        if (askedId !== undefined && asked !== undefined && askedId !== byStage)
          throw new AwsError(
            'InvalidParameterException',
            'The version id and the version stage name different versions.',
          );
        const version = versions.get(id);
        if (version === undefined)
          throw new AwsError(
            'ResourceNotFoundException',
            "Secrets Manager can't find the specified secret value.",
          );
        return {
          ARN: arn,
          Name: name,
          VersionId: id,
          VersionStages: Object.keys(stages).filter((stage) => stages[stage] === id),
          ...version.value,
          CreatedDate: version.createdSeconds,
        };
      },
    },
  };
}
