/** Reads what calls for stacks share: the template, parameters, tags and capabilities. */
import { AwsError, type AwsInput, type CallContext } from '../service.ts';
import { CAPABILITIES, judgeWords } from './constraints.ts';
import { readParameterValue } from './dynamic-references.ts';
import type { CloudFormationEdges } from './edges.ts';
import { judgeRules } from './scope.ts';
import { asDeployer, type EmulatedStack, type StackInputs } from './stack.ts';
import type { StackTemplate } from './template.ts';
import type { Values } from './values.ts';
import {
  asValue,
  type GivenParameter,
  judgeParameters,
  type ParameterValues,
} from './template-parameters.ts';
import { judgeTemplate, requireCapabilities } from './template-summary.ts';

const BODY_MAX_BYTES = 51_200;
const OBJECT_MAX_BYTES = 1_048_576;
const TAGS_MAX = 50;

export function invalidStack(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

/** A list of a form; one that is empty is a text without letters. */
export function listOfInput(input: AwsInput, key: string): readonly unknown[] {
  const value = input[key];
  if (value === undefined || value === null || value === '') return [];
  if (Array.isArray(value)) return value;
  throw invalidStack(`${key} must be a list`);
}

export function isFlagged(input: AwsInput, key: string): boolean {
  const value = optionalText(input, key) ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalidStack(`${key} must be true or false, and is ${value.slice(0, 100)}`);
}

export function optionalText(input: AwsInput, key: string): string | undefined {
  const value = input[key];
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

/** @throws AwsError ValidationError */
export function requireName(input: AwsInput, key: string): string {
  const name = optionalText(input, key);
  if (name !== undefined) return name;
  throw invalidStack(
    `1 validation error detected: Value null at '${key.charAt(0).toLowerCase()}${key.slice(1)}' ` +
      'failed to satisfy constraint: Member must not be null',
  );
}

/** The text of the template that a call brings; undefined where it brings none. */
export function readTemplateBody(input: AwsInput, reading: TemplateReading): string | undefined {
  const body = optionalText(input, 'TemplateBody');
  const url = optionalText(input, 'TemplateURL');
  if (body !== undefined && url !== undefined)
    throw invalidStack('Only one of TemplateBody or TemplateURL can be specified.');
  if (body !== undefined) {
    if (Buffer.byteLength(body) <= BODY_MAX_BYTES) return body;
    throw invalidStack(
      "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member " +
        `must have length less than or equal to ${BODY_MAX_BYTES}`,
    );
  }
  return url === undefined ? undefined : readObject(url, reading);
}

/** `https://BUCKET.s3.REGION.amazonaws.com/KEY`, the bucket in the path, or this emulator's URL. */
function readObject(url: string, { objects, urlOf, mayRead, context }: TemplateReading): string {
  const own = urlOf();
  const parsed = URL.parse(url);
  const isOwn = parsed !== null && own !== '' && parsed.host === URL.parse(own)?.host;
  const [, inHost] = /^(?:(.+)\.)?s3[.-][a-z0-9.-]*$/.exec(parsed?.hostname ?? '') ?? [];
  const isObject = isOwn || /^(?:.+\.)?s3[.-].*amazonaws\.com/.test(parsed?.hostname ?? '');
  if (parsed === null || !isObject)
    throw invalidStack(
      `TemplateURL must be a supported URL: ${url.slice(0, 200)} is no object of S3`,
    );
  const [, first = '', ...rest] = decodePath(parsed).split('/');
  const bucket = inHost ?? first;
  const key = inHost === undefined ? rest.join('/') : [first, ...rest].join('/');
  if (!mayRead(context, `arn:aws:s3:::${bucket}/${key}`))
    throw invalidStack('S3 error: Access Denied');
  const bytes = objects.read(bucket, key);
  if (bytes === undefined)
    throw invalidStack(`S3 error: The specified key does not exist: s3://${bucket}/${key}`);
  if (bytes.length <= OBJECT_MAX_BYTES) return bytes.toString();
  throw invalidStack(`Template may not exceed ${OBJECT_MAX_BYTES} bytes in size.`);
}

function decodePath({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw invalidStack(
      `TemplateURL must be a supported URL: its path ${pathname.slice(0, 200)} is not in UTF-8`,
    );
  }
}

/** Where templates are read, and for whom. */
type TemplateReading = Pick<CloudFormationEdges, 'mayRead' | 'objects' | 'urlOf'> & {
  readonly context: CallContext;
};

export interface InputsCall extends CloudFormationEdges {
  readonly input: AwsInput;
  readonly context: CallContext;
  /** The stack that changes; its template, tags and role hold where the call says nothing. */
  readonly stack?: EmulatedStack;
}

/** @throws AwsError for what CloudFormation refuses before it begins */
export async function readInputs(call: InputsCall): Promise<StackInputs> {
  const { input, stack, state, context } = call;
  const before = stack?.inputs;
  const text = isFlagged(input, 'UsePreviousTemplate')
    ? before?.template.text
    : readTemplateBody(input, call);
  if (text === undefined)
    throw invalidStack('Either Template URL or Template Body must be specified.');
  const template = judgeTemplate(text);
  const capabilities = judgeWords(
    listOfInput(input, 'Capabilities').map(String),
    'Capabilities',
    CAPABILITIES,
  );
  const judged = judgeParameters(
    template,
    listOfInput(input, 'Parameters') as readonly GivenParameter[],
    before?.parameters,
  );
  requireCapabilities(template, capabilities);
  const roleArn = optionalText(input, 'RoleARN') ?? before?.roleArn;
  const parameters = await readStored(template, judged, (name) =>
    readParameterValue(name, (service, action, members) =>
      state.call(asDeployer(context, roleArn), service, action, members),
    ),
  );
  const named = { name: requireName(input, 'StackName'), id: stack?.id ?? '' };
  judgeRules({ inputs: { template, parameters }, stack: named, place: state.place });
  return {
    template,
    parameters,
    capabilities,
    tags: input['Tags'] === undefined ? (before?.tags ?? []) : readTags(input),
    ...(roleArn === undefined ? {} : { roleArn }),
  };
}

/** Reads the values of parameters that name one of SSM. */
async function readStored(
  template: StackTemplate,
  judged: ParameterValues,
  read: (name: string) => Promise<string>,
): Promise<ParameterValues> {
  const entries = Object.entries(judged).map(async ([key, one]) => {
    if (!one.isStored) return [key, one] as const;
    const text = await read(one.text).catch((error: unknown) => {
      if (!(error instanceof AwsError)) throw error;
      throw invalidStack(
        `Unable to fetch parameters [${one.text}] from parameter store for this account. ` +
          `(${error.message})`,
      );
    });
    const value = asValue(template.parameters[key]?.type ?? '', text);
    return [key, { ...one, value }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function readTags(input: AwsInput): { Key: string; Value: string }[] {
  const tags = (listOfInput(input, 'Tags') as readonly Values[]).map(({ Key, Value }) => ({
    Key: String(Key),
    Value: String(Value ?? ''),
  }));
  if (tags.length > TAGS_MAX) throw invalidStack(`a stack can have at most ${TAGS_MAX} tags`);
  const reserved = tags.find(({ Key }) => /^aws:/i.test(Key));
  if (reserved !== undefined)
    throw invalidStack(`Tag keys that begin with "aws:" are AWS's own: ${reserved.Key}`);
  return tags;
}
