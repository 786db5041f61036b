/** `amperage destroy`: takes a deployment away, and says what is kept and what is lost. */
import type { Stack, StackResourceSummary } from '@aws-sdk/client-cloudformation';
import { Command } from 'commander';
import { ConfigError, describeError, RecoverableError } from '../kernel/errors.ts';
import { type Drained, drainServices, refillServices } from './deployment/drain.ts';
import { followAct, isMoving } from './deployment/follow.ts';
import {
  deleteKept,
  describeKept,
  filterThere,
  type KeptResource,
  listLeftBehind,
} from './deployment/kept.ts';
import { explainEnd } from './deployment/outcome.ts';
import { tellForeign } from './deployment/ownership.ts';
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
import { confirm } from './deployment/terminal.ts';

interface DestroyFlags extends TargetFlags {
  readonly yes?: true;
  readonly deleteData?: true;
}

export function createDestroyCommand(openEdges: () => RunEdges = openRunEdges): Command {
  return addTargetFlags(new Command('destroy'))
    .description(
      'Takes a deployment away: its tasks end first, then its stack is deleted and followed to ' +
        'its end. Workspaces and queues on EFS are kept, unless asked.',
    )
    .argument('<target>', 'the model of the deployment, or the name of a stack')
    .option('--yes', 'asks nothing')
    .option('--delete-data', 'deletes what is kept, too: workspaces with their samples, queues')
    .addOption(timeoutOption())
    .addHelpText(
      'after',
      '\nExamples:\n  amperage destroy deployment.yml\n' +
        '  amperage destroy metrics --region eu-west-1 --delete-data --yes\n',
    )
    .action(async (given: string, flags: DestroyFlags) =>
      runOnStack(await readModelOrStack(given), flags, openEdges(), (run) => destroy(run, flags)),
    );
}

async function destroy(run: Run, flags: DestroyFlags): Promise<void> {
  const { api, terminal, session } = run;
  let stack = await api.describe();
  if (isMoving(stack?.StackStatus) && stack?.StackStatus !== 'DELETE_IN_PROGRESS') {
    terminal.tell(`the stack is being changed (${stack?.StackStatus}): waiting for its end`);
    await followAct(run, stack?.StackId ?? api.name);
    stack = await api.describe();
  }
  const isThere = stack !== undefined && stack.StackStatus !== 'DELETE_COMPLETE';
  if (isThere) refuseProtected(run, stack);
  const resources = isThere ? await listThere(run) : [];
  const willStay = isThere ? await listKept(run, resources) : [];
  const before = flags.deleteData === true ? await listBefore(run) : [];
  const data = [...willStay, ...before];
  if (!isThere && data.length === 0) {
    terminal.tell(`there is no stack ${api.name} in ${session.region}: nothing is to be done`);
    tellResult(run, flags, { deleted: [], kept: [] });
    return;
  }
  if (stack !== undefined && isThere) tellForeign(run, stack);
  tellIntent(run, resources, data, flags.deleteData === true);
  await confirm(terminal, session.signal, {
    what: flags.deleteData === true ? 'this deletes data for good' : 'this takes it away',
    isGiven: flags.yes === true,
  });
  if (stack !== undefined && isThere) await takeAway(run, stack, resources);
  if (flags.deleteData === true) await deleteData(run, data);
  const left = flags.deleteData === true ? await filterThere(session, data) : data;
  tellResult(run, flags, {
    deleted: resources.map(({ LogicalResourceId: id = '' }) => id),
    kept: left,
  });
  if (flags.deleteData === true && left.length > 0)
    throw new RecoverableError(
      'STACK_LEFT',
      `left of ${api.name}: ${left.map(nameKept).join(', ')}; delete it by hand, or run this again`,
    );
}

/** Before tasks end for a stack that then stays. @throws ConfigError STACK_STATE */
function refuseProtected({ api, session }: Run, stack: Stack | undefined): void {
  if (stack?.EnableTerminationProtection !== true) return;
  throw new ConfigError(
    'STACK_STATE',
    `the stack ${api.name} is protected from deletion: to take it away, end that with "aws ` +
      `cloudformation update-termination-protection --stack-name ${api.name} ` +
      `--no-enable-termination-protection --region ${session.region}"`,
  );
}

async function listThere({ api }: Run): Promise<StackResourceSummary[]> {
  const gone = new Set(['DELETE_COMPLETE', 'DELETE_SKIPPED']);
  return (await api.listResources(api.name)).filter(
    ({ ResourceStatus = '' }) => !gone.has(ResourceStatus),
  );
}

/** By the template that was deployed, which may be older than the model. */
async function listKept(
  { api }: Run,
  resources: readonly StackResourceSummary[],
): Promise<KeptResource[]> {
  const template = await api.readTemplate(api.name);
  return resources
    .filter(({ LogicalResourceId: id = '' }) =>
      template?.Resources?.[id]?.DeletionPolicy?.startsWith('Retain'),
    )
    .map(describeKept);
}

/** What earlier stacks of this name left; not the workspace that the model names as another's. */
async function listBefore({ api, session, model }: Run): Promise<KeptResource[]> {
  const named = model?.deployment.workspace.id;
  const left = (await listLeftBehind(api)).filter(({ physicalId }) => physicalId !== named);
  return filterThere(session, left);
}

const nameKept = ({ id, type, physicalId }: KeptResource): string =>
  `${id} (${type}) ${physicalId}`;

function tellIntent(
  { api, terminal, model }: Run,
  resources: readonly StackResourceSummary[],
  data: readonly KeptResource[],
  isDataDeleted: boolean,
): void {
  const stays = new Set(data.map(({ id }) => id));
  for (const {
    LogicalResourceId: id = '',
    ResourceType = '',
    PhysicalResourceId = '',
  } of resources)
    if (!stays.has(id)) terminal.tell(`delete  ${id} (${ResourceType}) ${PhysicalResourceId}`);
  for (const one of data)
    terminal.tell(`${isDataDeleted ? 'delete  ' : 'keep    '}${nameKept(one)}`);
  const isQueueKept = data.some(({ type }) => type === 'AWS::EFS::FileSystem');
  const hasServices = resources.some((one) => one.ResourceType === 'AWS::ECS::Service');
  if (!hasServices) return;
  const seconds = model?.deployment.collector.stop_timeout;
  const within = seconds === undefined ? 'its stop timeout' : `${seconds} s`;
  terminal.tell(
    isQueueKept && !isDataDeleted
      ? `! what a collector of ${api.name} does not send within ${within} stays in its queue on EFS`
      : `! what a collector of ${api.name} does not send within ${within} is lost`,
  );
}

async function takeAway(
  run: Run,
  stack: Stack,
  resources: readonly StackResourceSummary[],
): Promise<void> {
  const { api } = run;
  const isBegun = stack.StackStatus === 'DELETE_IN_PROGRESS';
  const drained: Drained = isBegun ? new Map() : await drainServices(run, resources);
  const id = stack.StackId ?? api.name;
  const followed = await followAct(run, id, async () => {
    try {
      await api.delete(id);
    } catch (error) {
      // Its answer alone may be lost: of a stack that goes, the tasks have ended for good.
      if (await isGoing(run, id)) return;
      await refillServices(run, drained);
      throw error;
    }
  });
  const status = followed.stack?.StackStatus;
  if (status !== undefined && status !== 'DELETE_COMPLETE')
    throw explainEnd(api.name, followed, '; then run this again');
}

/** Whether a stack is being deleted; not known where it cannot be asked. */
async function isGoing({ api }: Run, id: string): Promise<boolean> {
  const stack = await api
    .forCleanUp()
    .describe(id)
    .catch(() => undefined);
  return (
    stack?.StackStatus?.startsWith('DELETE_') === true && stack.StackStatus !== 'DELETE_FAILED'
  );
}

/** One that can't be deleted keeps none of the others. */
async function deleteData(
  { session, terminal }: Run,
  data: readonly KeptResource[],
): Promise<void> {
  for (const one of data)
    try {
      const isKnown = await deleteKept(session, one);
      terminal.tell(isKnown ? `deleted ${nameKept(one)}` : `not deleted: ${nameKept(one)}`);
    } catch (error) {
      session.signal.throwIfAborted();
      terminal.tell(`not deleted: ${nameKept(one)}: ${describeError(error)}`);
    }
}

interface Result {
  readonly deleted: readonly string[];
  readonly kept: readonly KeptResource[];
}

function tellResult(
  { api, terminal }: Run,
  { json }: DestroyFlags,
  { deleted, kept }: Result,
): void {
  if (json === true) {
    terminal.write(`${JSON.stringify({ stack: api.name, deleted, kept }, null, 2)}\n`);
    return;
  }
  for (const one of kept) terminal.write(`kept: ${nameKept(one)}\n`);
  const workspace = kept.find(({ type }) => type === 'AWS::APS::Workspace');
  if (workspace !== undefined)
    terminal.write(
      `next: "workspace: { id: ${workspace.physicalId} }" in a model goes on with its samples; ` +
        '--delete-data deletes it\n',
    );
  if (kept.length === 0) terminal.write(`nothing of ${api.name} is left\n`);
}
