/**
 * AWS Secrets Manager: secrets with versions and their stages.
 * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { AwsError, type AwsInput, type JsonService, textOf } from './service.ts';

interface Secret {
  readonly arn: string;
  readonly name: string;
  /** Version id → text; the last two are AWSPREVIOUS and AWSCURRENT. */
  readonly versions: Map<string, { readonly text: string; readonly createdSeconds: number }>;
}

const TEXT_MAX_BYTES = 65_536;

export function createSecretsManager(region: string, clock: Clock): JsonService {
  const secrets = new Map<string, Secret>();
  const find = (id: string): Secret => {
    const found = [...secrets.values()].find((one) => one.name === id || one.arn === id);
    if (found === undefined)
      throw new AwsError(
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret.",
      );
    return found;
  };
  const put = (secret: Secret, input: AwsInput): object => {
    const text = textOf(input, 'SecretString');
    if (Buffer.byteLength(text) > TEXT_MAX_BYTES)
      throw new AwsError(
        'InvalidParameterException',
        'The secret value is longer than 65536 bytes.',
      );
    const id = String(input['ClientRequestToken'] ?? randomUUID());
    secret.versions.set(id, { text, createdSeconds: clock.nowMs() / 1_000 });
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: ['AWSCURRENT'] };
  };
  return {
    signingName: 'secretsmanager',
    target: 'secretsmanager',
    actions: {
      CreateSecret: (input) => {
        const name = textOf(input, 'Name');
        if (secrets.has(name))
          throw new AwsError(
            'ResourceExistsException',
            `The operation failed because the secret ${name} already exists.`,
          );
        const secret: Secret = {
          arn: `arn:aws:secretsmanager:${region}:000000000000:secret:${name}-AbCdEf`,
          name,
          versions: new Map(),
        };
        secrets.set(name, secret);
        return put(secret, input);
      },
      PutSecretValue: (input) => put(find(textOf(input, 'SecretId')), input),
      DescribeSecret: (input) => {
        const { arn, name, versions } = find(textOf(input, 'SecretId'));
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
        const { arn, name, versions } = find(textOf(input, 'SecretId'));
        const ids = [...versions.keys()];
        const stage = input['VersionStage'] ?? 'AWSCURRENT';
        const byStage = stage === 'AWSCURRENT' ? ids.at(-1) : ids.at(-2);
        const id = String(input['VersionId'] ?? byStage ?? '');
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
          VersionStages: [stage],
          SecretString: version.text,
          CreatedDate: version.createdSeconds,
        };
      },
    },
  };
}
