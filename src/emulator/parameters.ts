/**
 * AWS Systems Manager Parameter Store: put, get, delete, with versions and the size limit of standard parameters.
 * Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
 */
import type { Clock } from '../kernel/clock.ts';
import { AwsError, type AwsInput, type JsonService, textOf } from './service.ts';

interface Parameter {
  readonly Name: string;
  readonly Type: string;
  readonly Value: string;
  readonly Version: number;
  readonly LastModifiedDate: number;
  readonly ARN: string;
  readonly DataType: 'text';
}

const VALUE_MAX_BYTES = 4_096;
const TYPES = ['String', 'StringList', 'SecureString'];

export function createParameterStore(region: string, clock: Clock): JsonService {
  const parameters = new Map<string, Parameter>();
  const get = (name: string): Parameter => {
    const found = parameters.get(name);
    if (found === undefined) throw new AwsError('ParameterNotFound', `parameter ${name} not found`);
    return found;
  };
  const put = (input: AwsInput): object => {
    const name = textOf(input, 'Name');
    const value = textOf(input, 'Value');
    const before = parameters.get(name);
    if (before !== undefined && input['Overwrite'] !== true) {
      throw new AwsError(
        'ParameterAlreadyExists',
        `The parameter already exists. To overwrite this value, set the overwrite option in the request to true.`,
      );
    }
    if (Buffer.byteLength(value) > VALUE_MAX_BYTES) {
      throw new AwsError(
        'ValidationException',
        `Standard tier parameters support a maximum parameter value of ${VALUE_MAX_BYTES} characters.`,
      );
    }
    const type = String(input['Type'] ?? before?.Type ?? 'String');
    if (!TYPES.includes(type))
      throw new AwsError(
        'UnsupportedParameterType',
        `type ${type} is not one of ${TYPES.join(', ')}`,
      );
    const version = (before?.Version ?? 0) + 1;
    parameters.set(name, {
      Name: name,
      Type: type,
      Value: value,
      Version: version,
      LastModifiedDate: clock.nowMs() / 1_000,
      ARN: `arn:aws:ssm:${region}:000000000000:parameter/${name.replace(/^\//, '')}`,
      DataType: 'text',
    });
    return { Version: version, Tier: 'Standard' };
  };
  return {
    signingName: 'ssm',
    target: 'AmazonSSM',
    actions: {
      PutParameter: put,
      GetParameter: (input) => ({ Parameter: get(textOf(input, 'Name')) }),
      GetParameters: (input) => {
        const names = (input['Names'] ?? []) as string[];
        return {
          Parameters: names.flatMap((name) => parameters.get(name) ?? []),
          InvalidParameters: names.filter((name) => !parameters.has(name)),
        };
      },
      DeleteParameter: (input) => {
        parameters.delete(get(textOf(input, 'Name')).Name);
        return {};
      },
    },
  };
}
