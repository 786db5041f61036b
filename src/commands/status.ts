/** `amperage status`: how a deployment stands on AWS. */
import type { Stack, StackEvent } from '@aws-sdk/client-cloudformation';
import { Command } from 'commander';
import { ConfigError } from '../kernel/errors.ts';
import { followStack, isMoving } from './deployment/follow.ts';
import { explainEnd, isSettled } from './deployment/outcome.ts';
import { reportStatus, type StatusReport } from './deployment/report.ts';
import type { StackApi } from './deployment/stack.ts';
import {
  addTargetFlags,
  openRunEdges,
  readModelOrStack,
  type Run,
  type RunEdges,
  runOnStack,
  type TargetFlags,
  timeoutOption,
} from './deployment/target.ts';
import { TaskWatch } from './deployment/task-watch.ts';
import { renderTable } from './deployment/terminal.ts';

interface StatusFlags extends TargetFlags {
  readonly drift?: true;
  readonly follow?: true;
}

export function createStatusCommand(openEdges: () => RunEdges = openRunEdges): Command {
  return addTargetFlags(new Command('status'))
    .description(
      'Tells how a deployment stands: its stack, services, collectors, workspace and targets. ' +
        'What it may not ask is told as not known.',
    )
    .argument('<target>', 'the model of the deployment, or the name of a stack')
    .option('--drift', 'compares each resource with the template, which takes a minute or so')
    .option('--follow', 'follows a change under way to its end first; status 1 if it fails')
    .addOption(timeoutOption())
    .addHelpText(
      'after',
      '\nExamples:\n  amperage status deployment.yml\n' +
        '  amperage status metrics --region eu-west-1 --follow\n' +
        '  amperage status deployment.yml --drift --json\n',
    )
    .action(async (given: string, flags: StatusFlags) =>
      runOnStack(await readModelOrStack(given), flags, openEdges(), (run) =>
        tellStatus(run, flags),
      ),
    );
}

async function tellStatus(run: Run, { follow, drift, json }: StatusFlags): Promise<void> {
  const { api, terminal } = run;
  let stack = await findStack(api);
  const failure =
    follow === true && isMoving(stack.StackStatus) ? await followToEnd(run, stack) : undefined;
  if (follow === true) stack = await findStack(api);
  const report = await reportStatus(api, stack, { withDrift: drift === true });
  terminal.write(json === true ? `${JSON.stringify(report, null, 2)}\n` : renderStatus(report));
  if (failure !== undefined) throw failure;
}

/** @throws ConfigError STACK_UNKNOWN */
async function findStack(api: StackApi): Promise<Stack> {
  const { name, session } = api;
  const stack = await api.describe();
  if (stack !== undefined && stack.StackStatus !== 'DELETE_COMPLETE') return stack;
  throw new ConfigError(
    'STACK_UNKNOWN',
    `there is no stack ${name} in ${session.region}: deploy it, or name another region or profile`,
  );
}

async function followToEnd(run: Run, { StackId: id = '' }: Stack): Promise<Error | undefined> {
  const { api } = run;
  const after = findStart(await api.listEvents(id, undefined), id);
  const watch = await TaskWatch.open(run);
  const followed = await followStack(run, { id, after, watch });
  return isSettled(followed.stack) ? undefined : explainEnd(api.name, followed, '');
}

/** The last event before the change under way. */
function findStart(events: readonly StackEvent[], id: string): string | undefined {
  const at = events.findLastIndex(
    ({ PhysicalResourceId, ResourceStatus = '' }) =>
      PhysicalResourceId === id &&
      /^(?:CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(ResourceStatus),
  );
  return at > 0 ? events[at - 1]?.EventId : undefined;
}

function renderStatus(report: StatusReport): string {
  const { stack, services, workspace, targets, drift, unknown } = report;
  const lines: string[] = [
    `stack ${stack.name}: ${stack.status}` +
      (stack.changed === undefined ? '' : `, changed ${stack.changed}`) +
      (stack.reason === undefined ? '' : `: ${stack.reason}`),
  ];
  if (services.length > 0) {
    const rows = services.map((one) => [
      `service ${one.name}`,
      `${one.running} of ${one.desired} running`,
      one.pending > 0 ? `${one.pending} pending` : '',
      one.rollout.toLowerCase().replaceAll('_', ' '),
      Object.entries(one.health)
        .map(([health, count]) => `${count} ${health.toLowerCase()}`)
        .join(', '),
    ]);
    lines.push(renderTable(rows).trimEnd());
  }
  for (const { name, reason, lastStop } of services) {
    if (reason !== undefined) lines.push(`  ${name}: ${reason}`);
    if (lastStop !== undefined) lines.push(`  ${name}: last task that stopped: ${lastStop}`);
  }
  if (workspace !== undefined) {
    const { id, status, activeSeries, samplesPerSecond } = workspace;
    lines.push(
      [
        `workspace ${id}`,
        ...(status === undefined ? [] : [status.toLowerCase()]),
        ...(activeSeries === undefined ? [] : [`${activeSeries} series`]),
        ...(samplesPerSecond === undefined
          ? []
          : [`${roundRate(samplesPerSecond)} samples a second`]),
      ].join(', '),
    );
  }
  for (const [name, count] of Object.entries(targets))
    lines.push(`targets of ${name}: ${count} registered in Cloud Map`);
  if (drift !== undefined)
    lines.push(drift.length === 0 ? 'drift: none' : `drift: ${drift.length} resources differ`);
  for (const { id, type, status, properties } of drift ?? [])
    lines.push(`  ${id} (${type}): ${[status, ...properties].join(', ')}`);
  for (const one of unknown) lines.push(`not known: ${one}`);
  return `${lines.join('\n')}\n`;
}

/** Three digits are enough, and whole numbers above. */
function roundRate(perSecond: number): number {
  return perSecond >= 100 ? Math.round(perSecond) : Number(perSecond.toPrecision(3));
}
