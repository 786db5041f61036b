/** Statements in as few policies as IAM takes: managed ones have a limit of characters. */
import { renderPolicy } from '../../deploy/parts/roles.ts';
import type { PolicyStatement } from '../../deploy/permissions.ts';
import type { AwsValue } from '../../deploy/template.ts';

/** Characters without white space that IAM takes in a managed policy. */
const POLICY_MAX = 6_144;

/** In their order; one that is too large alone is divided by its resources. */
export function fitPolicies(statements: readonly PolicyStatement[]): PolicyStatement[][] {
  const policies: PolicyStatement[][] = [];
  for (const statement of statements.flatMap(divide)) {
    const last = policies.at(-1);
    if (last === undefined || !fits([...last, statement])) policies.push([statement]);
    else last.push(statement);
  }
  return policies;
}

function fits(statements: readonly PolicyStatement[]): boolean {
  return JSON.stringify(renderPolicy(statements)).length <= POLICY_MAX;
}

function divide(statement: PolicyStatement): PolicyStatement[] {
  const parts: AwsValue[][] = [[]];
  const name = (resources: readonly AwsValue[], part: number): PolicyStatement => ({
    ...statement,
    id: part === 0 ? statement.id : `${statement.id}Part${part + 1}`,
    resources,
  });
  for (const resource of statement.resources) {
    const last = parts.at(-1) ?? [];
    if (last.length === 0 || fits([name([...last, resource], parts.length - 1)]))
      last.push(resource);
    else parts.push([resource]);
  }
  return parts.map(name);
}
