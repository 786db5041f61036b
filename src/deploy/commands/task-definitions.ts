/** The task definitions of a template alone, for register-task-definition. Pure. */
import { type AwsValue, type DeploymentTemplate, Joined, Reference } from '../template.ts';
import { asText, nameOf } from './calls.ts';
import { findPartition } from '../partitions.ts';
import type { ScriptFiles } from './render.ts';
import { toTaskDefinition } from './tasks.ts';
import { renderInput } from './words.ts';

export interface PlainTaskDefinitions {
  readonly files: ScriptFiles;
  /** What only AWS knows and stands in the files as @{NAME}. */
  readonly open: readonly string[];
}

/** @param account  of AWS; without it, it is open too */
export function renderTaskDefinitions(
  template: DeploymentTemplate,
  account: string | undefined,
): PlainTaskDefinitions {
  const values = listKnown(template, account);
  const open = new Set<string>();
  const fillIn = (variable: string): string => {
    const value = values.get(variable);
    if (value !== undefined) return value;
    open.add(variable);
    return `@{${variable}}`;
  };
  const files = template.resources
    .filter(({ type }) => type === 'AWS::ECS::TaskDefinition')
    .map((resource) => {
      const input = toTaskDefinition({ ...resource, deployment: template.name });
      return [`${asText(input['family'])}.json`, renderInput(input, fillIn)] as const;
    });
  return { files: new Map(files), open: [...open] };
}

/** Names that the template gives, and ARNs that follow from them: those that create.sh makes. */
function listKnown(
  { name, region, resources }: DeploymentTemplate,
  account = '@{aws_AccountId}',
): ReadonlyMap<string, string> {
  const partition = findPartition(region);
  const known = new Map([
    ['aws_Region', region],
    ['aws_Partition', partition],
    ['aws_AccountId', account],
  ]);
  const put = (key: string, value: AwsValue): void => {
    if (!(value instanceof Joined) && !(value instanceof Reference)) known.set(key, asText(value));
  };
  for (const resource of resources) {
    const subject = { ...resource, deployment: name };
    if (resource.type === 'AWS::Logs::LogGroup') put(resource.id, nameOf(subject, 'LogGroupName'));
    if (resource.type === 'AWS::IAM::Role')
      put(
        `${resource.id}_Arn`,
        `arn:${partition}:iam::${account}:role/${asText(nameOf(subject, 'RoleName'))}`,
      );
  }
  return known;
}
