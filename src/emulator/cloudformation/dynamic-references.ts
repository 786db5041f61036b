/**
 * Reads what the values of a template name in `{{resolve:SERVICE:NAME}}`: parameters of SSM, and
 * secrets. They are read as who deploys, and the template keeps the reference.
 * Limit: that of AWS, REFERENCES_MAX in a template.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
 */
import { parseForeignJson } from '../../kernel/foreign-json.ts';
import { AwsError } from '../service.ts';
import { findMember, takeText, type Deployer } from './resource-kind.ts';
import { isRecord } from './values.ts';

const REFERENCE = /\{\{resolve:([a-z-]+):([^{}]+)\}\}/g;
const REFERENCES_MAX = 60;

/** @throws AwsError for values with too many */
export function judgeReferenceCount(values: unknown): void {
  const { length } = JSON.stringify(values).match(REFERENCE) ?? [];
  if (length > REFERENCES_MAX)
    throw new AwsError(
      'ValidationError',
      `Template contains ${length} dynamic references; the most is ${REFERENCES_MAX}`,
    );
}

/** @throws AwsError of the call, for a service that it has not, or for too many */
export function readReferences(value: unknown, call: Deployer): Promise<unknown> {
  // Functions may have made more of them than the template has.
  judgeReferenceCount(value);
  return readWithin(value, call);
}

async function readWithin(value: unknown, call: Deployer): Promise<unknown> {
  if (typeof value === 'string') return readText(value, call);
  if (Array.isArray(value)) return Promise.all(value.map((one) => readWithin(one, call)));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(
    async ([key, one]) => [key, await readWithin(one, call)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function readText(text: string, call: Deployer): Promise<string> {
  const parts: string[] = [];
  let from = 0;
  for (const { 0: all, 1: service = '', 2: name = '', index } of text.matchAll(REFERENCE)) {
    parts.push(text.slice(from, index), await readOne(service, name, call));
    from = index + all.length;
  }
  return [...parts, text.slice(from)].join('');
}

async function readOne(service: string, name: string, call: Deployer): Promise<string> {
  if (service === 'ssm') return readParameterValue(name, call);
  if (service === 'ssm-secure')
    return takeText(
      await call('ssm', 'GetParameter', { Name: name, WithDecryption: true }),
      'Parameter.Value',
    );
  if (service === 'secretsmanager') return readSecret(name, call);
  throw new AwsError(
    'ValidationError',
    `Could not parse dynamic reference {{resolve:${service}:${name}}}: the services are ssm, ` +
      'ssm-secure and secretsmanager',
  );
}

/** The value of a parameter of SSM; a public one of AWS too. */
export async function readParameterValue(name: string, call: Deployer): Promise<string> {
  return takeText(await call('ssm', 'GetParameter', { Name: name }), 'Parameter.Value');
}

/** `ID:SecretString:KEY:STAGE:VERSION`, of which all but the id may be absent; an ARN is one id. */
async function readSecret(name: string, call: Deployer): Promise<string> {
  const [, id = name, , key = '', stage = '', version = ''] =
    /^(arn:(?:[^:]*:){5}[^:]*|[^:]*)(?::(SecretString)(?::([^:]*))?(?::([^:]*))?(?::([^:]*))?)?$/.exec(
      name,
    ) ?? [];
  const secret = await call('secretsmanager', 'GetSecretValue', {
    SecretId: id,
    ...(stage === '' ? {} : { VersionStage: stage }),
    ...(version === '' ? {} : { VersionId: version }),
  });
  const text = takeText(secret, 'SecretString');
  return key === '' ? text : String(findMember(parseForeignJson(text), key) ?? '');
}
