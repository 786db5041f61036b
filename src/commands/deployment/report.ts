/**
 * How a deployment stands: its stack, services, workspace and targets. Each part is asked by
 * itself: what can't be asked is told with its reason, and the others are known all the same.
 */
import type { Service } from '@aws-sdk/client-ecs';
import type { Stack, StackResourceSummary } from '@aws-sdk/client-cloudformation';
import { describeError } from '../../kernel/errors.ts';
import { listOutputs } from './outcome.ts';
import { ServicesApi } from './services.ts';
import type { StackApi } from './stack.ts';
import { countInstances } from './registered.ts';
import { type IngestReport, readIngest, readWorkspaceStatus } from './workspace.ts';

export interface ServiceReport {
  readonly name: string;
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  /** Of the deployment under way: `COMPLETED`, `IN_PROGRESS`, `FAILED`. */
  readonly rollout: string;
  /** Why a rollout is as it is, where ECS says so. */
  readonly reason?: string;
  /** Tasks by their health, such as `{ HEALTHY: 2 }`. */
  readonly health: Readonly<Record<string, number>>;
  readonly lastStop?: string;
}

export interface DriftReport {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  /** Paths of properties with what became of them: `/DesiredCount: NOT_EQUAL`. */
  readonly properties: readonly string[];
}

export interface StatusReport {
  readonly stack: {
    readonly name: string;
    readonly status: string;
    readonly reason?: string;
    readonly changed?: string;
  };
  readonly services: readonly ServiceReport[];
  readonly workspace?: { readonly id: string; readonly status?: string } & IngestReport;
  /** Instances in Cloud Map, by service. */
  readonly targets: Readonly<Record<string, number>>;
  readonly drift?: readonly DriftReport[];
  readonly outputs: Readonly<Record<string, string>>;
  /** What could not be asked, and why. */
  readonly unknown: readonly string[];
}

export interface ReportOptions {
  readonly withDrift: boolean;
}

export async function reportStatus(
  api: StackApi,
  stack: Stack,
  { withDrift }: ReportOptions,
): Promise<StatusReport> {
  const unknown: string[] = [];
  const { signal } = api.session;
  const attempt = async <Value>(what: string, ask: () => Promise<Value>, otherwise: Value) => {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      unknown.push(`${what}: ${describeError(error).replaceAll(/\s+/g, ' ')}`);
      return otherwise;
    }
  };
  const outputs = listOutputs(stack);
  const resources = await attempt('resources', () => api.listResources(api.name), []);
  const idsOf = (type: string): string[] =>
    resources.flatMap((one) => (isThere(one, type) ? (one.PhysicalResourceId ?? []) : []));
  const services = await ServicesApi.open(api.session);
  const described = await attempt(
    'services',
    () => services.describe(idsOf('AWS::ECS::Service')),
    [],
  );
  const reports: ServiceReport[] = [];
  for (const service of described) {
    const { serviceArn: arn = '', serviceName: name = '' } = service;
    const health = await attempt(
      `tasks of ${name}`,
      async () => countHealth(await services.listTasks(arn, 'RUNNING')),
      {},
    );
    const lastStop = await attempt(
      `stopped tasks of ${name}`,
      () => services.explainLastStop(arn),
      undefined,
    );
    reports.push(describeService(service, health, lastStop));
  }
  const workspace = readWorkspaceId(outputs, resources);
  const targets = await attempt(
    'targets',
    () =>
      countInstances(
        api.session,
        resources.filter((one) => isThere(one, CLOUD_MAP)),
      ),
    {},
  );
  const drift = withDrift ? await attempt('drift', () => readDrift(api), undefined) : undefined;
  return {
    stack: describeStack(stack, api.name),
    services: reports,
    ...(workspace === undefined
      ? {}
      : {
          workspace: {
            id: workspace,
            ...(await attempt('workspace', () => readWorkspaceStatus(api.session, workspace), {})),
            ...(await attempt('ingest', () => readIngest(api.session, workspace), {})),
          },
        }),
    targets,
    ...(drift === undefined ? {} : { drift }),
    outputs,
    unknown,
  };
}

const CLOUD_MAP = 'AWS::ServiceDiscovery::Service';

function isThere({ ResourceType, ResourceStatus }: StackResourceSummary, type: string): boolean {
  return ResourceType === type && ResourceStatus !== 'DELETE_COMPLETE';
}

function describeStack(stack: Stack, name: string): StatusReport['stack'] {
  const { StackStatus: status = '', StackStatusReason: reason } = stack;
  const changed = (stack.LastUpdatedTime ?? stack.CreationTime)?.toISOString();
  return {
    name,
    status,
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...(changed === undefined ? {} : { changed }),
  };
}

function describeService(
  service: Service,
  health: Readonly<Record<string, number>>,
  lastStop: string | undefined,
): ServiceReport {
  const { desiredCount = 0, runningCount = 0, pendingCount = 0, deployments = [] } = service;
  const primary = deployments.find(({ status }) => status === 'PRIMARY') ?? deployments[0];
  const reason = primary?.rolloutStateReason ?? service.events?.[0]?.message;
  const rollout = primary?.rolloutState ?? 'unknown';
  return {
    name: service.serviceName ?? '',
    desired: desiredCount,
    running: runningCount,
    pending: pendingCount,
    rollout,
    ...(reason === undefined || rollout === 'COMPLETED' ? {} : { reason }),
    health,
    ...(lastStop === undefined ? {} : { lastStop }),
  };
}

function countHealth(
  tasks: readonly { readonly healthStatus?: string | undefined }[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { healthStatus = 'UNKNOWN' } of tasks)
    counts[healthStatus] = (counts[healthStatus] ?? 0) + 1;
  return counts;
}

/** The output names it, also where the model does; else what the stack made. */
function readWorkspaceId(
  { WorkspaceId }: Readonly<Record<string, string>>,
  resources: readonly StackResourceSummary[],
): string | undefined {
  const made = resources.find((one) => isThere(one, 'AWS::APS::Workspace'));
  return WorkspaceId ?? /ws-[0-9a-f-]+/.exec(made?.PhysicalResourceId ?? '')?.[0];
}

async function readDrift(api: StackApi): Promise<DriftReport[]> {
  const drifts = await api.detectDrift();
  return drifts.flatMap((one) => {
    const { StackResourceDriftStatus: status = '' } = one;
    if (status === 'IN_SYNC' || status === 'NOT_CHECKED') return [];
    const { LogicalResourceId: id = '', ResourceType: type = '' } = one;
    const properties = (one.PropertyDifferences ?? []).map(
      ({ PropertyPath, DifferenceType }) => `${PropertyPath}: ${DifferenceType}`,
    );
    return [{ id, type, status, properties }];
  });
}
