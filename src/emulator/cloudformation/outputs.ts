/** The outputs of a stack, once its resources are there. Pure. */
import { evaluate, refuseTemplateFunction, type FunctionScope } from './functions.ts';
import type { StackOutput } from './stack.ts';
import type { StackTemplate } from './template.ts';

export function evaluateOutputs({ outputs }: StackTemplate, scope: FunctionScope): StackOutput[] {
  return Object.entries(outputs)
    .filter(([, { condition }]) => condition === undefined || scope.isTrue(condition))
    .map(([key, { value, description, exportName }]) => ({
      key,
      value: requireText(evaluate(value, scope), key),
      ...(description === undefined ? {} : { description }),
      ...(exportName === undefined
        ? {}
        : { exportName: requireText(evaluate(exportName, scope), key) }),
    }));
}

function requireText(value: unknown, key: string): string {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  throw refuseTemplateFunction(`the Value of output ${key} must be a string`);
}
