/**
 * What a template asks for before anything is made of it: types that are there, references that
 * hold, capabilities. Pure.
 */
import { AwsError } from '../service.ts';
import { judgeReferenceCount } from './dynamic-references.ts';
import { judgeReferences } from './references.ts';
import { RESOURCE_KINDS } from './resources/kinds.ts';
import { parseTemplate, type StackTemplate } from './template.ts';
import { refuseTemplate } from './template-text.ts';

/** @throws AwsError ValidationError */
export function judgeTemplate(text: string): StackTemplate {
  const template = parseTemplate(text);
  const types = [...new Set(Object.values(template.resources).map(({ type }) => type))];
  const unknown = types.filter((type) => !RESOURCE_KINDS.has(type));
  if (unknown.length > 0)
    throw refuseTemplate(
      `Unrecognized resource types: [${unknown.join(', ')}]; this emulator has ` +
        [...RESOURCE_KINDS.keys()].toSorted().join(', '),
    );
  judgeReferences(template);
  judgeReferenceCount(Object.values(template.resources).map(({ properties }) => properties));
  return template;
}

/** What the caller has to acknowledge, and why. */
export function listCapabilities({ resources }: StackTemplate): {
  capabilities: string[];
  reason?: string;
} {
  const guarded = Object.values(resources).filter(({ type }) => type.startsWith('AWS::IAM::'));
  if (guarded.length === 0) return { capabilities: [] };
  const isNamed = guarded.some(({ type, properties }) => {
    const name = RESOURCE_KINDS.get(type)?.name;
    return name !== undefined && name in properties;
  });
  const types = [...new Set(guarded.map(({ type }) => type))];
  return {
    capabilities: [isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'],
    reason: `The following resource(s) require capabilities: [${types.join(', ')}]`,
  };
}

/** @throws AwsError InsufficientCapabilitiesException */
export function requireCapabilities(template: StackTemplate, given: readonly string[]): void {
  const { capabilities } = listCapabilities(template);
  const [needed] = capabilities;
  const isGiven =
    needed === undefined || given.includes(needed) || given.includes('CAPABILITY_NAMED_IAM');
  if (!isGiven)
    throw new AwsError('InsufficientCapabilitiesException', `Requires capabilities : [${needed}]`);
}
