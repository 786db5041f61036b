/** How a followed change ended: its outputs and what to do next, or what failed first and why. */
import type { Stack } from '@aws-sdk/client-cloudformation';
import { RecoverableError } from '../../kernel/errors.ts';
import type { StackEnd } from './follow.ts';
import { findRemedy } from './remedies.ts';
import { renderTable } from './terminal.ts';

export function listOutputs(stack: Stack | undefined): Record<string, string> {
  return Object.fromEntries(
    (stack?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}

/** What is there, and what comes next. */
export function renderOutputs(
  outputs: Readonly<Record<string, string>>,
  argument: string,
  region: string,
): string {
  const url = outputs['RemoteWriteUrl']?.replace(/\/api\/v1\/remote_write$/, '');
  return (
    renderTable(Object.entries(outputs)) +
    `next: "amperage status ${argument}" shows the services and the targets that are found\n` +
    (url === undefined
      ? ''
      : `next: in Grafana, a data source of Prometheus with the URL ${url}, signed with ` +
        `SigV4 for ${region} (docs/how-to/grafana.md)\n`)
  );
}

/** A change that ended as it was meant to. */
export function isSettled(stack: Stack | undefined): boolean {
  return /^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(stack?.StackStatus ?? '');
}

export function explainEnd(
  name: string,
  { stack, failures }: StackEnd,
  advice: string,
): RecoverableError {
  const status = stack?.StackStatus ?? 'gone';
  // The stack itself fails because of a resource.
  const first = failures.find((one) => one.PhysicalResourceId !== one.StackId) ?? failures[0];
  const reason = first?.ResourceStatusReason ?? stack?.StackStatusReason ?? 'no reason is given';
  const who = first === undefined ? '' : `${first.LogicalResourceId} (${first.ResourceType}): `;
  const remedy = findRemedy(reason);
  const words = [reason.replaceAll(/\s+/g, ' '), ...(remedy === undefined ? [] : [remedy])];
  return new RecoverableError(
    'STACK_FAILED',
    `the stack ${name} is ${status}; first failed ${who}${words.join('; ')}${advice}`,
  );
}
