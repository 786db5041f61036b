/** `amperage deploy`: makes a deployment what its model says, by a change set of CloudFormation. */
import type { Stack } from '@aws-sdk/client-cloudformation';
import { Command } from 'commander';
import { AwsCallError } from '../aws/calls.ts';
import { renderCommands } from '../deploy/commands/render.ts';
import { ConfigError } from '../kernel/errors.ts';
import { formatDurationMs } from '../model/duration.ts';
import { takesAway } from './deployment/changes.ts';
import { followAct, isMoving } from './deployment/follow.ts';
import { hideOnTerminal, hideValuesOf } from './deployment/hidden-values.ts';
import { explainEnd, isSettled, listOutputs, renderOutputs } from './deployment/outcome.ts';
import { isDead, type PlannedChange, renderProposal, withProposal } from './deployment/proposal.ts';
import { describeRefusal } from './deployment/session.ts';
import {
  addTargetFlags,
  type Model,
  openRunEdges,
  readModel,
  type Run,
  type RunEdges,
  runOnStack,
  type TargetFlags,
  timeoutOption,
} from './deployment/target.ts';
import { TaskWatch } from './deployment/task-watch.ts';
import { confirm, type Terminal } from './deployment/terminal.ts';

interface DeployFlags extends TargetFlags {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly replace?: true;
  readonly bucket?: string;
}

/** Another may change the stack between our look and our change; then it is looked at again. */
const ROUNDS = 3;

export function createDeployCommand(openEdges: () => RunEdges = openRunEdges): Command {
  return addTargetFlags(new Command('deploy'))
    .description(
      'Makes on AWS what the model says: a stack of CloudFormation is created or updated, and ' +
        'followed to its end. What is so already is left alone.',
    )
    .argument('<model>', 'the model of the deployment')
    .option('--yes', 'asks nothing, also where something is replaced or deleted')
    .option('--replace', 'takes a stack away first that failed and takes no change any more')
    .option('--bucket <name>', 'bucket of the region, for a template above 51,200 bytes')
    .option('--dry-run', 'prints the scripts that do the same by the AWS CLI, and changes nothing')
    .addOption(timeoutOption())
    .addHelpText(
      'after',
      '\nExamples:\n  amperage deploy deployment.yml\n  amperage deploy deployment.yml --yes\n' +
        '  amperage deploy deployment.yml --dry-run\n\n' +
        'Ctrl-C ends the following alone: the stack goes on.\n',
    )
    .action(async (file: string, flags: DeployFlags) => {
      const model = await readModel(file);
      const edges = openEdges();
      if (flags.dryRun === true) printCommands(edges.terminal, model);
      else await runOnStack(model, flags, edges, (run) => deploy(run, model, flags));
    });
}

/** To be read: values of variables are in the files alone. */
function printCommands(terminal: Terminal, { template, file, deployment }: Model): void {
  const { write, tell } = hideOnTerminal(terminal, hideValuesOf(deployment));
  for (const [name, text] of renderCommands(template)) write(`==> ${name} <==\n${text}\n`);
  tell(`"amperage generate commands ${file} --output DIR" writes these as files to run`);
}

async function deploy(run: Run, model: Model, flags: DeployFlags): Promise<void> {
  const { clock } = run.session.world;
  const startMs = clock.elapsedMs();
  for (let round = 1; ; round++) {
    await makeReady(run, flags);
    try {
      await withProposal(run, model, { bucket: flags.bucket }, (proposal) =>
        carryOut(run, model, proposal, { flags, startMs }),
      );
      return;
    } catch (error) {
      if (round === ROUNDS || !isOvertaken(error)) throw error;
      run.terminal.tell(`another changed the stack meanwhile: ${describeRefusal(error)}`);
    }
  }
}

/** Our change set was made for a stack that is another by now. */
function isOvertaken(error: unknown): boolean {
  if (error instanceof ConfigError) return error.code === 'STACK_BUSY';
  return (
    error instanceof AwsCallError &&
    /InvalidChangeSetStatus|ChangeSetNotFound|_IN_PROGRESS state/.test(describeRefusal(error))
  );
}

/** Waits for what another does, and takes a dead stack away where that is asked for. */
async function makeReady(run: Run, { replace }: DeployFlags): Promise<void> {
  const { api, terminal } = run;
  const stack = await api.describe();
  const id = stack?.StackId ?? api.name;
  if (isMoving(stack?.StackStatus)) {
    terminal.tell(`the stack is being changed (${stack?.StackStatus}): waiting for its end`);
    await followAct(run, id);
  } else if (isDead(stack) && replace === true) {
    terminal.tell(`the stack is ${stack?.StackStatus}: it is taken away first`);
    const followed = await followAct(run, id, () => api.delete(id));
    if (!isGone(followed.stack)) throw explainEnd(api.name, followed, '');
  }
}

const isGone = (stack: Stack | undefined): boolean =>
  stack === undefined || stack.StackStatus === 'DELETE_COMPLETE';

interface CarryOptions {
  readonly flags: DeployFlags;
  readonly startMs: number;
}

async function carryOut(
  run: Run,
  { file, deployment }: Model,
  { type, stackArn, rows, effects, execute }: PlannedChange,
  { flags, startMs }: CarryOptions,
): Promise<void> {
  const { api, terminal, session } = run;
  terminal.tell(renderProposal({ rows, effects }).trimEnd());
  let stack: Stack | undefined;
  if (execute === undefined) stack = await api.describe();
  else {
    await confirm(terminal, session.signal, {
      what: `something of ${api.name} is replaced or deleted`,
      isGiven: flags.yes === true || !takesAway(rows),
    });
    const followed = await followAct(run, stackArn, execute, await TaskWatch.open(run));
    ({ stack } = followed);
    if (!isSettled(stack)) throw explainEnd(api.name, followed, adviseAfter(type, file));
    const passedMs = session.world.clock.elapsedMs() - startMs;
    terminal.tell(
      `the stack ${api.name} is ${stack?.StackStatus} after ${formatSeconds(passedMs)}`,
    );
  }
  const outputs = listOutputs(stack);
  if (flags.json === true) {
    const { StackId: id, StackStatus: status } = stack ?? {};
    terminal.write(
      `${JSON.stringify({ stack: api.name, id, status, changes: rows, outputs }, null, 2)}\n`,
    );
  } else terminal.write(renderOutputs(outputs, file, deployment.region));
}

const formatSeconds = (ms: number): string => formatDurationMs(Math.round(ms / 1_000) * 1_000);

function adviseAfter(type: PlannedChange['type'], file: string): string {
  return type === 'CREATE'
    ? `; then "amperage deploy ${file} --replace"`
    : '; what was there before runs again';
}
