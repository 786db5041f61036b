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

/** What can't be drained is told: CloudFormation ends its tasks all the same. */
export async function drainServices(
  run: Run,
  resources: readonly StackResourceSummary[],
): Promise<void> {
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
    await drain(run, services, arns(false));
    await drain(run, services, arns(true));
  } catch (error) {
    session.signal.throwIfAborted();
    terminal.tell(`not drained: ${describeError(error)}`);
  }
}

/** A daemon has no count: it ends with its service. */
async function drain(
  { session, terminal }: Run,
  services: ServicesApi,
  arns: readonly string[],
): Promise<void> {
  const { clock } = session.world;
  const found = (await services.describe(arns)).filter(
    ({ schedulingStrategy, desiredCount = 0 }) =>
      schedulingStrategy !== 'DAEMON' && desiredCount > 0,
  );
  for (const { serviceArn = '', serviceName = '' } of found) {
    terminal.tell(`${serviceName}: its tasks are told to end`);
    await services.setDesired(serviceArn, 0);
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
