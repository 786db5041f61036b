/**
 * The task of ECS that doctor runs in: its metadata and role, and as far as its role may ask, its
 * service, the tasks of it that stopped, and what its definition lacks.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting.html
 */
import * as z from 'zod';
import { parseForeignJson } from '../kernel/foreign-json.ts';
import { defineCheck, type Telling } from './check.ts';
import { describeBriefly, describeSkip, oneLine, readRefusal } from './faults.ts';
import { type AwsUseOf, listAwsUses } from './identity.ts';
import type { DoctorSubject } from './subject.ts';

type Ids =
  | 'task-metadata-silent'
  | 'task-role-absent'
  | 'execution-role-absent'
  | 'log-group-absent'
  | 'service-rollout-failed'
  | 'service-tasks-stopped';

const TIMEOUT_MS = 4_000;
const STOPPED_MAX = 20;

export const taskCheck = defineCheck({
  id: 'task',
  looksAt: 'the task of ECS: metadata, roles, its service, tasks that stopped',
  timeoutMs: 30_000,
  kinds: {
    'task-metadata-silent': {
      severity: 'error',
      means: 'ECS has told the address of the task metadata, and it does not answer.',
      remedy:
        'Let 169.254.170.2 be reached straight (NO_PROXY); on EC2 the agent of ECS has to run.',
      page: 'on-ecs.md',
    },
    'task-role-absent': {
      severity: 'error',
      means: 'The task has no role: its containers get no credentials of AWS.',
      remedy:
        'Give the task definition a taskRoleArn ("amperage generate policies FILE" writes its ' +
        'policy), register it, and update the service.',
      page: 'how-to/iam.md',
    },
    'execution-role-absent': {
      severity: 'error',
      means:
        'The task definition logs by awslogs and has no execution role, without which no task ' +
        'starts on Fargate.',
      remedy: 'Give it an executionRoleArn with AmazonECSTaskExecutionRolePolicy.',
      page: 'how-to/iam.md',
    },
    'log-group-absent': {
      severity: 'error',
      means:
        'The log group that the task definition names is not there, and tasks do not start ' +
        'without it.',
      remedy:
        'Make it by "aws logs create-log-group --log-group-name NAME", or set ' +
        'awslogs-create-group and allow logs:CreateLogGroup to the execution role.',
      page: 'on-ecs.md',
    },
    'service-rollout-failed': {
      severity: 'error',
      means:
        'The last deployment of the service failed: its circuit breaker stopped it, or tasks ' +
        'do not come up.',
      remedy:
        'See the reason, and those of the stopped tasks; after mending, "aws ecs ' +
        'update-service force-new-deployment".',
      page: 'how-to/deploy-collector.md',
    },
    'service-tasks-stopped': {
      severity: 'warning',
      means: 'Tasks of the service have stopped by themselves within the last hour.',
      remedy:
        'See the reasons: out of memory asks for a larger task, an essential container that ' +
        'exits for its log.',
      page: 'how-to/sizing.md',
    },
  },
  async look(subject, tell, signal) {
    const { env } = subject;
    const uri = env['ECS_CONTAINER_METADATA_URI_V4'];
    if (!uri) {
      tell.skipped('this is no container of ECS: ECS_CONTAINER_METADATA_URI_V4 is not set');
      return;
    }
    const hasRole =
      env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ?? env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
    const isNeeded = subject.uses.some(({ aws }) => aws && aws.credentials.accessKey === undefined);
    if (!hasRole && isNeeded && !env['AWS_ACCESS_KEY_ID'] && !env['AWS_PROFILE'])
      tell.found('task-role-absent', {
        what: 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set in this container',
      });
    const task = await readTask(uri, subject, tell, signal);
    if (task !== undefined) await lookAtTask(task, subject, tell);
  },
});

const metadataSchema = z.object({
  TaskARN: z.string(),
  Cluster: z.string(),
  Family: z.string().default(''),
  Revision: z.string().default(''),
  ServiceName: z.string().optional(),
});
type OwnTask = z.output<typeof metadataSchema>;

async function readTask(
  uri: string,
  { world }: DoctorSubject,
  tell: Telling<Ids>,
  signal: AbortSignal,
): Promise<OwnTask | undefined> {
  try {
    const { status, body } = await world.http.send({
      method: 'GET',
      url: `${uri.replace(/\/$/, '')}/task`,
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: 8 * 1_048_576,
      signal,
      reachesMetadata: true,
    });
    if (status !== 200) throw new Error(`it answered ${status}`);
    return metadataSchema.parse(parseForeignJson(body.toString()));
  } catch (error) {
    tell.found('task-metadata-silent', {
      what: 'the task metadata are not to be had',
      evidence: [describeBriefly(error)],
    });
    return undefined;
  }
}

const definitionSchema = z.object({
  taskDefinition: z.object({
    executionRoleArn: z.string().optional(),
    containerDefinitions: z
      .array(
        z.object({
          name: z.string().default(''),
          logConfiguration: z
            .object({
              logDriver: z.string(),
              options: z.record(z.string(), z.string()).default({}),
            })
            .optional(),
        }),
      )
      .default([]),
  }),
});
const groupsSchema = z.object({ logGroups: z.array(z.object({ logGroupName: z.string() })) });
const servicesSchema = z.object({
  services: z.array(
    z.object({
      serviceName: z.string(),
      desiredCount: z.number().default(0),
      runningCount: z.number().default(0),
      deployments: z
        .array(
          z.object({
            rolloutState: z.string().optional(),
            rolloutStateReason: z.string().optional(),
          }),
        )
        .default([]),
      events: z.array(z.object({ message: z.string() })).default([]),
    }),
  ),
});
const listSchema = z.object({ taskArns: z.array(z.string()) });
const tasksSchema = z.object({
  tasks: z.array(
    z.object({
      taskArn: z.string(),
      stoppedReason: z.string().optional(),
      stopCode: z.string().optional(),
      containers: z
        .array(
          z.object({
            name: z.string().optional(),
            reason: z.string().optional(),
            exitCode: z.number().optional(),
          }),
        )
        .default([]),
    }),
  ),
});

/** Calls a JSON service with the credentials of the task; undefined, and told, where it can't. */
type CallAws = <Output>(
  target: string,
  input: unknown,
  schema: z.ZodType<Output>,
) => Promise<Output | undefined>;

function makeCall(region: string, { asking, uses }: DoctorSubject, tell: Telling<Ids>): CallAws {
  const [own] = listAwsUses(uses).filter(({ aws }) => aws.credentials.roleArn === undefined);
  return async (target, input, schema) => {
    const service = target.startsWith('Logs') ? 'logs' : 'ecs';
    const aws = { service, region, endpoint: undefined, credentials: own?.aws.credentials ?? {} };
    const use: AwsUseOf = { what: '', where: '', url: undefined, connection: own?.connection, aws };
    const action = `${service}:${target.split('.')[1] ?? ''}`;
    try {
      const { response } = await asking.ask(use, {
        method: 'POST',
        path: '/',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
        body: JSON.stringify(input),
      });
      const refusal = readRefusal(response);
      if (refusal.kind === 'none') return schema.parse(parseForeignJson(response.body.toString()));
      tell.skipped(`${action} would tell more: ${refusal.code || refusal.kind}`);
    } catch (error) {
      tell.skipped(`${action} would tell more: ${describeSkip(error)}`);
    }
    return undefined;
  };
}

const ECS = 'AmazonEC2ContainerServiceV20141113';

async function lookAtTask(
  task: OwnTask,
  subject: DoctorSubject,
  tell: Telling<Ids>,
): Promise<void> {
  const { TaskARN: arn, Cluster: cluster, Family: family, Revision: revision } = task;
  const call = makeCall(arn.split(':')[3] ?? '', subject, tell);
  tell.ok(`task ${arn.split('/').at(-1)} of ${family}:${revision}`);
  const described = await call(
    `${ECS}.DescribeTaskDefinition`,
    { taskDefinition: `${family}:${revision}` },
    definitionSchema,
  );
  if (described !== undefined) await lookAtDefinition(described.taskDefinition, call, tell);
  if (task.ServiceName !== undefined) await lookAtService(cluster, task.ServiceName, call, tell);
}

async function lookAtDefinition(
  { executionRoleArn, containerDefinitions }: z.output<typeof definitionSchema>['taskDefinition'],
  call: CallAws,
  tell: Telling<Ids>,
): Promise<void> {
  const logging = containerDefinitions.filter(
    ({ logConfiguration }) => logConfiguration?.logDriver === 'awslogs',
  );
  if (logging.length > 0 && executionRoleArn === undefined)
    tell.found('execution-role-absent', { what: 'the task definition has no executionRoleArn' });
  const groups = new Set(
    logging.flatMap(({ logConfiguration }) => {
      const { 'awslogs-group': group, 'awslogs-create-group': isMade } =
        logConfiguration?.options ?? {};
      return group === undefined || isMade === 'true' ? [] : [group];
    }),
  );
  for (const group of groups) {
    const found = await call(
      'Logs_20140328.DescribeLogGroups',
      { logGroupNamePrefix: group },
      groupsSchema,
    );
    if (found !== undefined && !found.logGroups.some(({ logGroupName }) => logGroupName === group))
      tell.found('log-group-absent', { what: `there is no log group ${group}` });
  }
}

async function lookAtService(
  cluster: string,
  name: string,
  call: CallAws,
  tell: Telling<Ids>,
): Promise<void> {
  const found = await call(
    `${ECS}.DescribeServices`,
    { cluster, services: [name] },
    servicesSchema,
  );
  for (const { deployments, events, runningCount, desiredCount } of found?.services ?? []) {
    const failed = deployments.find(({ rolloutState }) => rolloutState === 'FAILED');
    if (failed === undefined) tell.ok(`service ${name}: ${runningCount} of ${desiredCount} run`);
    else
      tell.found('service-rollout-failed', {
        what: `service ${name}: ${runningCount} of ${desiredCount} run`,
        evidence: [
          oneLine(failed.rolloutStateReason ?? ''),
          ...events.slice(0, 3).map(({ message }) => oneLine(message)),
        ],
      });
  }
  const list = { cluster, serviceName: name, desiredStatus: 'STOPPED', maxResults: STOPPED_MAX };
  const stopped = await call(`${ECS}.ListTasks`, list, listSchema);
  if (stopped === undefined || stopped.taskArns.length === 0) return;
  const tasks = { cluster, tasks: stopped.taskArns };
  const described = await call(`${ECS}.DescribeTasks`, tasks, tasksSchema);
  tellStopped(described?.tasks ?? [], name, tell);
}

/** Stopped by who deploys, scales or replaces: no fault. */
const INTENDED = /Scaling activity|deployment|UserInitiated|stopped by user|rebalancing/i;

function tellStopped(
  tasks: z.output<typeof tasksSchema>['tasks'],
  name: string,
  tell: Telling<Ids>,
): void {
  const reasons = new Map<string, number>();
  for (const { stoppedReason = '', stopCode = '', containers } of tasks) {
    if (INTENDED.test(`${stopCode} ${stoppedReason}`)) continue;
    const ofContainers = containers.flatMap(({ name: container = '', reason, exitCode }) =>
      reason === undefined && !exitCode ? [] : [`${container}: ${reason ?? `exit ${exitCode}`}`],
    );
    const words = oneLine([stoppedReason, ...ofContainers].join('; '));
    reasons.set(words, (reasons.get(words) ?? 0) + 1);
  }
  if (reasons.size === 0) return;
  tell.found('service-tasks-stopped', {
    what: `service ${name}: ${[...reasons.values()].reduce((sum, count) => sum + count, 0)} tasks`,
    evidence: [...reasons].map(([words, count]) => `${count} × ${words}`),
  });
}
