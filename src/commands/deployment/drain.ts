/**
 * Lets the tasks of a stack end in order before it is taken away: applications first, so that their
 * last samples are scraped, then collectors, which send what waits while their network is there.
 */
import type { StackResourceSummary } from '@aws-sdk/client-cloudformation';
import { describeError } from '../../kernel/errors.ts';
import { ServicesApi } from './services.ts';
import type { Run } from './target.ts';

/** Some five minutes: a task has two at most from its signal to its end. */
const POLLS_MAX = 100;
const POLL_MS = 3_000;

/** Services that were told to have no tasks, by ARN, and how many they had. */
export type Drained = Map<string, { readonly name: string; readonly desired: number }>;

/** What can't be drained is told: CloudFormation ends its tasks all the same. */
export async function drainServices(
  run: Run,
  resources: readonly StackResourceSummary[],
): Promise<Drained> {
  const drained: Drained = new Map();
  const { session, terminal } = run;
  const arns = (isCollector: boolean): string[] =>
    resources.flatMap((one) =>
      one.ResourceType === 'AWS::ECS::Service' &&
      one.ResourceStatus !== 'DELETE_COMPLETE' &&
      one.LogicalResourceId?.startsWith('Collector') === isCollector
        ? (one.PhysicalResourceId ?? [])
        : [],
    );
  const services = await ServicesApi.open(session);
  try {
    await drain(run, services, arns(false), drained);
    await drain(run, services, arns(true), drained);
  } catch (error) {
    if (session.signal.aborted) tellDrained(run, drained);
    session.signal.throwIfAborted();
    terminal.tell(`not drained: ${describeError(error)}`);
  }
  return drained;
}

/** Gives the services the tasks that they had: their stack stays. */
export async function refillServices(run: Run, drained: Drained): Promise<void> {
  const { session, terminal } = run;
  if (session.signal.aborted) return tellDrained(run, drained);
  const services = await ServicesApi.open(session);
  for (const [arn, { name, desired }] of drained)
    try {
      await services.setDesired(arn, desired);
      terminal.tell(`${name}: has its ${desired === 1 ? 'task' : `${desired} tasks`} again`);
      drained.delete(arn);
    } catch (error) {
      terminal.tell(`${name}: ${describeError(error)}`);
    }
  tellDrained(run, drained);
}

function tellDrained({ session, terminal }: Run, drained: Drained): void {
  for (const [arn, { name, desired }] of drained)
    terminal.tell(
      `! ${name} stays without tasks: run this again, or "aws ecs update-service --cluster ` +
        `${arn.split('/').at(-2)} --service ${name} --desired-count ${desired} --region ` +
        `${session.region}"`,
    );
}

/** A daemon has no count: it ends with its service. */
async function drain(
  { session, terminal }: Run,
  services: ServicesApi,
  arns: readonly string[],
  drained: Drained,
): Promise<void> {
  const { clock } = session.world;
  const found = (await services.describe(arns)).filter(
    ({ schedulingStrategy, desiredCount = 0 }) =>
      schedulingStrategy !== 'DAEMON' && desiredCount > 0,
  );
  for (const { serviceArn = '', serviceName = '', desiredCount = 0 } of found) {
    terminal.tell(`${serviceName}: its tasks are told to end`);
    await services.setDesired(serviceArn, 0);
    drained.set(serviceArn, { name: serviceName, desired: desiredCount });
  }
  const own = found.flatMap(({ serviceArn }) => serviceArn ?? []);
  for (let poll = 0; own.length > 0; poll++) {
    const running = (await services.describe(own)).filter(
      ({ runningCount = 0, pendingCount = 0 }) => runningCount + pendingCount > 0,
    );
    if (running.length === 0) break;
    const names = running.map(({ serviceName = '' }) => serviceName).join(', ');
    if (poll === POLLS_MAX) {
      terminal.tell(`not waited for any longer: tasks of ${names} still run`);
      break;
    }
    await clock.sleep(POLL_MS, session.signal);
  }
  for (const { serviceName = '' } of found) terminal.tell(`${serviceName}: its tasks have ended`);
}
