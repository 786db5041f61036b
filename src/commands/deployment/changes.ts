/** What a change set would do, in words: a row for each resource, and what it interrupts. Pure. */
import type { ResourceChange } from '@aws-sdk/client-cloudformation';
import type { Deployment } from '../../deploy/schema.ts';

export type ChangeAction = 'add' | 'change' | 'perhaps replace' | 'replace' | 'delete' | 'let go';

export interface ChangeRow {
  readonly action: ChangeAction;
  readonly id: string;
  readonly type: string;
  /** Properties that cause it; values are not shown, for some of them are secrets. */
  readonly causes: readonly string[];
}

/** In the order of a reader's interest: what may interrupt comes first. */
const ORDER: readonly ChangeAction[] = [
  'delete', 'replace', 'perhaps replace', 'let go', 'change', 'add',
]; // prettier-ignore

export function readChangeRows(changes: readonly ResourceChange[]): ChangeRow[] {
  return changes
    .map((one) => ({
      action: nameAction(one),
      id: one.LogicalResourceId ?? '',
      type: one.ResourceType ?? '',
      causes: listCauses(one),
    }))
    .toSorted((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action));
}

function nameAction({ Action, Replacement, PolicyAction }: ResourceChange): ChangeAction {
  if (Action === 'Add' || Action === 'Import') return 'add';
  if (Action === 'Remove') return PolicyAction === 'Retain' ? 'let go' : 'delete';
  if (Replacement === 'True') return 'replace';
  return Replacement === 'Conditional' ? 'perhaps replace' : 'change';
}

function listCauses({ Action, Details = [], Scope = [] }: ResourceChange): string[] {
  if (Action === 'Add' || Action === 'Remove') return [];
  const found = Details.map(({ Target, CausingEntity }) => {
    const name = Target?.Name ?? Target?.Attribute ?? '';
    return CausingEntity === undefined || CausingEntity === ''
      ? name
      : `${name} (${CausingEntity})`;
  });
  // A property is told with what it comes from, where a row says that.
  const told = found.filter((one) => !found.some((other) => other.startsWith(`${one} (`)));
  const causes = [...new Set(told.filter((one) => one !== ''))];
  return causes.length > 0 ? causes : [...Scope];
}

export function summarize(rows: readonly ChangeRow[]): string {
  const count = (...actions: ChangeAction[]): number =>
    rows.filter(({ action }) => actions.includes(action)).length;
  return (
    `${count('add')} to add, ${count('change', 'perhaps replace')} to change, ` +
    `${count('replace')} to replace, ${count('delete', 'let go')} to delete`
  );
}

/** Whether something that is there goes: it is asked for before. */
export function takesAway(rows: readonly ChangeRow[]): boolean {
  return rows.some(({ action }) => action !== 'add' && action !== 'change');
}

/** What is interrupted or lost by it, a sentence each. */
export function listEffects(rows: readonly ChangeRow[], deployment: Deployment): string[] {
  return rows.flatMap((row) => {
    const effect = row.action === 'add' ? undefined : effects[row.type]?.(row, deployment);
    return effect === undefined ? [] : [`${row.id}: ${effect}`];
  });
}

type Effect = (row: ChangeRow, deployment: Deployment) => string | undefined;

const isCertain = ({ action }: ChangeRow): boolean => action === 'replace' || action === 'delete';

const effects: Readonly<Record<string, Effect>> = {
  'AWS::ECS::Service': describeService,
  'AWS::ECS::Cluster': (row) =>
    row.action === 'change' ? undefined : 'all its tasks end, and start in the new one',
  'AWS::EFS::FileSystem': (row) =>
    row.action === 'change'
      ? undefined
      : 'the queue begins anew: what waits in the old file system is kept there, and not sent',
  'AWS::APS::Workspace': (row) =>
    row.action === 'change'
      ? undefined
      : 'samples until now stay in the workspace of today, which is kept and no longer written to',
  'AWS::ServiceDiscovery::PrivateDnsNamespace': (row) =>
    isCertain(row) ? 'targets are not found until their tasks are registered again' : undefined,
  'AWS::EC2::VPC': (row) =>
    isCertain(row) ? 'all that is in it is made anew, one after the other' : undefined,
  'AWS::AutoScaling::AutoScalingGroup': (row) =>
    isCertain(row) ? 'its instances end, and queues on them with them' : undefined,
  'AWS::Logs::LogGroup': (row) => (isCertain(row) ? 'its lines are deleted' : undefined),
};

function describeService(row: ChangeRow, { collector }: Deployment): string | undefined {
  const isCollector = row.id.startsWith('Collector') || collector.mode === 'sidecar';
  const loss = isCollector ? describeLoss(collector) : '';
  if (row.action === 'delete' || row.action === 'let go') return `its tasks end${loss}`;
  if (row.action === 'change' && !row.causes.some((one) => RESTARTS.test(one))) return undefined;
  return isCollector && collector.queue !== 'ephemeral'
    ? `its task ends before the next one starts: a minute or so is not scraped${loss}`
    : `its tasks are replaced${loss}`;
}

/** Properties of a service that make new tasks. */
const RESTARTS =
  /^(?:TaskDefinition|NetworkConfiguration|LaunchType|PlatformVersion|CapacityProviderStrategy|ServiceRegistries|LoadBalancers|ForceNewDeployment|ServiceConnectConfiguration|VolumeConfigurations|PropagateTags|EnableECSManagedTags)\b/;

function describeLoss({ queue, stop_timeout }: Deployment['collector']): string {
  if (queue === 'ephemeral')
    return (
      `; what a collector's queue holds and AMP does not take within ${stop_timeout} s of the ` +
      'stop is lost: its queue is on the task'
    );
  return '; the queue stays, and the next task goes on with it';
}
