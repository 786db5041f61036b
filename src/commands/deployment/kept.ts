/**
 * What outlives a stack because its template says so (`DeletionPolicy: Retain`): workspaces and
 * file systems. They are found by the lists of resources that CloudFormation keeps of stacks, those
 * of the last 90 days too, and are taken away only where a person asks for that.
 */
import type { StackResourceSummary } from '@aws-sdk/client-cloudformation';
import { AwsCallError } from '../../aws/calls.ts';
import { askFileSystem } from './file-system.ts';
import type { OperatorSession } from './session.ts';
import type { StackApi } from './stack.ts';
import { readWorkspaceStatus } from './workspace.ts';

export interface KeptResource {
  readonly id: string;
  readonly type: string;
  /** What AWS calls it: the id of a workspace or a file system. */
  readonly physicalId: string;
}

/** What CloudFormation left behind of stacks of this name that are gone. */
export async function listLeftBehind(api: StackApi): Promise<KeptResource[]> {
  const found: KeptResource[] = [];
  for (const stackId of await api.listDeleted())
    found.push(
      ...(await api.listResources(stackId))
        .filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_SKIPPED')
        .map(describeKept),
    );
  return found;
}

export function describeKept(resource: StackResourceSummary): KeptResource {
  const { LogicalResourceId: id = '', ResourceType: type = '' } = resource;
  const { PhysicalResourceId: whole = '' } = resource;
  return { id, type, physicalId: IDS.exec(whole)?.[0] ?? whole };
}

/** In an ARN, too. */
const IDS = /\b(?:ws-[0-9a-f-]+|fs-[0-9a-f]+)/;

/** Keeps what is still there. */
export async function filterThere(
  session: OperatorSession,
  kept: readonly KeptResource[],
): Promise<KeptResource[]> {
  const there: KeptResource[] = [];
  for (const one of kept) if (await isThere(session, one)) there.push(one);
  return there;
}

/** What is on its way out counts as gone. */
async function isThere(
  session: OperatorSession,
  { type, physicalId }: KeptResource,
): Promise<boolean> {
  try {
    if (type === WORKSPACE)
      return (await readWorkspaceStatus(session, physicalId)).status !== 'DELETING';
    if (type !== FILE_SYSTEM) return true;
    return !/"LifeCycleState": ?"delet/.test(await askFileSystem(session, physicalId, 'GET'));
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

const WORKSPACE = 'AWS::APS::Workspace';
const FILE_SYSTEM = 'AWS::EFS::FileSystem';

/** @returns whether it is one that this can take away */
export async function deleteKept(
  session: OperatorSession,
  { type, physicalId }: KeptResource,
): Promise<boolean> {
  try {
    if (type === WORKSPACE) await deleteWorkspace(session, physicalId);
    else if (type === FILE_SYSTEM) await askFileSystem(session, physicalId, 'DELETE');
    else return false;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return true;
}

const isMissing = (error: unknown): boolean =>
  error instanceof AwsCallError && /NotFound/.test(error.awsName);

async function deleteWorkspace(session: OperatorSession, workspaceId: string): Promise<void> {
  const sdk = await import('@aws-sdk/client-amp');
  const client = session.adopt(new sdk.AmpClient(session.clientOptions()));
  const command = new sdk.DeleteWorkspaceCommand({ workspaceId });
  await session.call('aps:DeleteWorkspace', (options) => client.send(command, options));
}
