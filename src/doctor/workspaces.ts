/**
 * Whether each workspace of AMP that samples go to is there, takes them, and has room: what AMP
 * says of the workspace, what it answers to a write of nothing, and what CloudWatch has of its use.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html
 */
import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { clientOptions } from '../aws/client-options.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';
import { defineCheck, type Telling } from './check.ts';
import { describeSkip, oneLine, readRefusal } from './faults.ts';
import { type AwsUseOf, listAwsUses } from './identity.ts';
import { firstProbe } from './probes.ts';
import type { Subject } from './subject.ts';

type Ids =
  | 'workspace-unknown'
  | 'workspace-inactive'
  | 'workspace-path'
  | 'workspace-refuses'
  | 'workspace-near-quota'
  | 'workspace-discards';

/** The defaults of AMP; AWS raises them on demand, and that of series by itself. */
const QUOTAS = { ActiveSeries: 50_000_000, IngestionRate: 170_000 } as const;
const USED_MAX = 0.8;
const LOOK_BACK_MS = 3 * 3_600_000;

export const workspacesCheck = defineCheck({
  id: 'workspaces',
  looksAt: 'the workspaces of AMP: whether they are there, take samples, and have room',
  timeoutMs: 30_000,
  kinds: {
    'workspace-unknown': {
      severity: 'error',
      means: 'There is no such workspace in this account and region.',
      remedy:
        'Compare the id in the URL with "aws amp list-workspaces --region REGION"; one of ' +
        'another account is written to by sigv4.role_arn.',
      page: 'remote-write.md',
    },
    'workspace-inactive': {
      severity: 'error',
      means: 'The workspace is not active: it is being made or deleted, or its making failed.',
      remedy: 'Wait until "aws amp describe-workspace" says ACTIVE, or make another.',
      page: 'remote-write.md',
    },
    'workspace-path': {
      severity: 'error',
      means: 'The URL is not where AMP takes samples.',
      remedy:
        'Write https://aps-workspaces.REGION.amazonaws.com/workspaces/ID/api/v1/remote_write.',
      page: 'remote-write.md',
    },
    'workspace-refuses': {
      severity: 'error',
      means: 'The workspace refuses writes for now, or this one.',
      remedy:
        'See what it answers; a limit of series or of the rate is raised by Service Quotas, ' +
        'and what makes the series is told by the page of the workspace.',
      page: 'remote-write.md',
    },
    'workspace-near-quota': {
      severity: 'warning',
      means: 'The workspace uses above 80 % of what AMP allows by default.',
      remedy:
        'Ask for more by Service Quotas (Amazon Managed Service for Prometheus), or drop ' +
        'series.',
      page: 'alerts.md',
    },
    'workspace-discards': {
      severity: 'warning',
      means: 'AMP has discarded samples of this workspace within the last three hours.',
      remedy:
        'See the reason: too old, out of order, a limit of series or labels; ' +
        'docs/remote-write.md has each.',
      page: 'remote-write.md',
    },
  },
  async look(subject, tell) {
    const uses = listAwsUses(subject.uses).filter((use) => use.remoteWrite !== undefined);
    const ofAmp = uses.filter(({ aws }) => aws.service === 'aps');
    if (ofAmp.length === 0) tell.skipped('no remote_write to AMP');
    await Promise.all(ofAmp.map((use) => lookAtWorkspace(use, subject, tell)));
  },
});

async function lookAtWorkspace(use: AwsUseOf, subject: Subject, tell: Telling<Ids>): Promise<void> {
  const { what, where, url = '' } = use;
  const [, id = ''] =
    /\/workspaces\/([\w-]+)\/api\/v1\/remote_write$/.exec(new URL(url).pathname) ?? [];
  if (id === '') {
    tell.found('workspace-path', { what: `${what}: ${new URL(url).pathname}`, where });
    return;
  }
  const isFound = await describeWorkspace(id, use, subject, tell);
  if (isFound === false) return;
  await writeNothing(id, use, subject, tell);
  await readUsage(id, use, subject, tell);
}

/** @returns  false where the workspace is not there, undefined where that could not be asked */
async function describeWorkspace(
  id: string,
  use: AwsUseOf,
  { asking }: Subject,
  tell: Telling<Ids>,
): Promise<boolean | undefined> {
  const { what, where } = use;
  const region = await asking.region(use.aws);
  try {
    const { response } = await asking.ask(
      { ...use, url: undefined, aws: { ...use.aws, region } },
      { method: 'GET', path: `/workspaces/${id}` },
    );
    const { kind, message } = readRefusal(response);
    if (kind === 'missing' && /workspace/i.test(message)) {
      tell.found('workspace-unknown', {
        what: `${what}: ${id} is not in ${region}`,
        where,
        evidence: [oneLine(message)],
      });
      return false;
    }
    if (kind !== 'none') {
      tell.skipped(`${id}: AMP does not describe it, ${kind}; aps:DescribeWorkspace would tell`);
      return undefined;
    }
    const { workspace } = parseForeignJson(response.body.toString()) as {
      workspace?: { status?: { statusCode?: string } };
    };
    const status = workspace?.status?.statusCode ?? '';
    if (status !== '' && status !== 'ACTIVE' && status !== 'UPDATING')
      tell.found('workspace-inactive', { what: `${what}: ${id} is ${status}`, where });
    return true;
  } catch (error) {
    tell.skipped(`${id}: AMP cannot be asked for it, ${describeSkip(error)}`);
    return undefined;
  }
}

/** What the receiver answers to a write of nothing; refusals of access are for other checks. */
async function writeNothing(
  id: string,
  use: AwsUseOf,
  { asking }: Subject,
  tell: Telling<Ids>,
): Promise<void> {
  const { what, where } = use;
  const request = firstProbe(use);
  if (request === undefined) return;
  try {
    const { response } = await asking.ask(use, request);
    const { kind, message } = readRefusal(response);
    const evidence = [`status ${response.status}: ${oneLine(message)}`];
    if (kind === 'none') tell.ok(`${id} takes writes`);
    else if (kind === 'missing')
      tell.found('workspace-unknown', {
        what: `${what}: nothing takes writes there`,
        where,
        evidence,
      });
    else if (kind === 'throttled' || /limit/i.test(message))
      tell.found('workspace-refuses', { what: `${what}: ${id} refuses writes`, where, evidence });
    else if (kind === 'other' && response.status >= 500)
      tell.found('workspace-refuses', { what: `${what}: ${id} fails`, where, evidence });
  } catch {
    // That it is not reached is told by the check of endpoints.
  }
}

const USAGE_DIMENSIONS = { Type: 'Resource', Service: 'Prometheus', Class: 'None' } as const;

async function readUsage(
  id: string,
  { what, where, aws, connection }: AwsUseOf,
  { asking, world }: Subject,
  tell: Telling<Ids>,
): Promise<void> {
  const { CloudWatchClient, GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
  const client = new CloudWatchClient(
    clientOptions({
      credentials: asking.sourceOf({ ...aws.credentials, connection }),
      region: await asking.region(aws),
      endpoint: asking.endpointOf('monitoring'),
      connection,
    }),
  );
  const nowMs = world.clock.nowMs();
  try {
    const { MetricDataResults = [] } = await client.send(
      new GetMetricDataCommand({
        StartTime: new Date(nowMs - LOOK_BACK_MS),
        EndTime: new Date(nowMs),
        MetricDataQueries: makeQueries(id),
      }),
    );
    const lastOf = (query: string): number | undefined =>
      MetricDataResults.find(({ Id }) => Id === query)?.Values?.[0];
    const told: string[] = [];
    for (const [resource, quota] of Object.entries(QUOTAS)) {
      const used = lastOf(resource.toLowerCase());
      if (used === undefined) continue;
      told.push(`${resource} ${used} of ${quota} by default`);
      if (used > USED_MAX * quota)
        tell.found('workspace-near-quota', {
          what: `${what}: ${resource} of ${id} is ${used}`,
          where,
          evidence: [`the default of AMP is ${quota}`],
        });
    }
    const discarded = MetricDataResults.filter(({ Id }) => Id === 'discarded').flatMap(
      ({ Label, Values = [] }) => {
        const sum = Values.reduce((total, value) => total + value, 0);
        return sum > 0 ? [`${Label ?? ''}: ${sum}`] : [];
      },
    );
    if (discarded.length > 0)
      tell.found('workspace-discards', { what: `${what}: ${id}`, where, evidence: discarded });
    if (told.length > 0) tell.ok(`${id}: ${told.join(', ')}`);
    else tell.skipped(`${id}: CloudWatch has no figures of its use`);
  } catch (error) {
    tell.skipped(
      `${id}: its use is not known, ${describeSkip(error)}; cloudwatch:GetMetricData would tell`,
    );
  } finally {
    client.destroy();
  }
}

function makeQueries(id: string): MetricDataQuery[] {
  const usage = Object.keys(QUOTAS).map((resource) => ({
    Id: resource.toLowerCase(),
    MetricStat: {
      Metric: {
        Namespace: 'AWS/Usage',
        MetricName: 'ResourceCount',
        Dimensions: Object.entries({
          ...USAGE_DIMENSIONS,
          Resource: resource,
          ResourceId: id,
        }).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: 300,
      Stat: 'Average',
    },
  }));
  const Expression =
    'SELECT SUM(DiscardedSamples) FROM SCHEMA("AWS/Prometheus", Reason, Workspace) ' +
    `WHERE Workspace = '${id}' GROUP BY Reason`;
  return [...usage, { Id: 'discarded', Expression, Period: 300 }];
}
