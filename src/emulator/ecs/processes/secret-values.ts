/**
 * The secrets of a task's containers, read as its execution role: parameters of SSM, by name or
 * ARN, and secrets of Secrets Manager, of which a key of JSON, a stage or a version may be named.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
 */
import { describeError } from '../../../kernel/errors.ts';
import { parseForeignJson } from '../../../kernel/foreign-json.ts';
import type { AwsInput } from '../../service.ts';
import type { TaskDefinition } from '../shapes.ts';

type SecretCall = (
  signingName: string,
  action: string,
  input: AwsInput,
) => Promise<Readonly<Record<string, unknown>>>;

/** @throws Error with the reason of a task that does not start */
export async function readSecrets(
  { containerDefinitions }: TaskDefinition,
  call: SecretCall,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const byContainer = new Map<string, Record<string, string>>();
  for (const { name: container, secrets = [] } of containerDefinitions) {
    const values: Record<string, string> = {};
    for (const { name, valueFrom } of secrets)
      values[name] = await readSecret(valueFrom, call).catch((error: unknown) => {
        throw new Error(
          'ResourceInitializationError: unable to pull secrets or registry auth: execution ' +
            `resource retrieval failed: unable to retrieve secret ${valueFrom}: ` +
            describeError(error),
          { cause: error },
        );
      });
    byContainer.set(container, values);
  }
  return byContainer;
}

async function readSecret(valueFrom: string, call: SecretCall): Promise<string> {
  if (!valueFrom.includes(':secretsmanager:')) {
    const [, name = valueFrom] = /:parameter(\/.*)$/.exec(valueFrom) ?? [];
    return readParameter(name, call);
  }
  const parts = valueFrom.split(':');
  const [key = '', stage = '', version = ''] = parts.slice(7);
  const { SecretString } = await call('secretsmanager', 'GetSecretValue', {
    SecretId: parts.slice(0, 7).join(':'),
    ...(stage === '' ? {} : { VersionStage: stage }),
    ...(version === '' ? {} : { VersionId: version }),
  });
  const text = String(SecretString ?? '');
  if (key === '') return text;
  const found = (parseForeignJson(text) as Record<string, unknown>)[key];
  if (found === undefined) throw new Error(`the secret has no key ${key}`);
  return typeof found === 'string' ? found : JSON.stringify(found);
}

/** An ARN does not tell whether the name of a parameter without a path begins with a slash. */
async function readParameter(name: string, call: SecretCall): Promise<string> {
  const bare = name.replace(/^\//, '');
  const names = bare.includes('/') ? [name] : [bare, `/${bare}`];
  const { Parameters } = await call('ssm', 'GetParameters', {
    Names: names,
    WithDecryption: true,
  });
  const [found] = Parameters as readonly { readonly Value: string }[];
  if (found === undefined) throw new Error(`invalid ssm parameters: ${name}`);
  return found.Value;
}
