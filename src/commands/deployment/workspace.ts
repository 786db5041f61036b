/** The workspace of AMP that a deployment writes to: its status, and what it takes. */
import type { OperatorSession } from './session.ts';

export interface IngestReport {
  /** Series with a sample of late. */
  readonly activeSeries?: number;
  readonly samplesPerSecond?: number;
}

export async function readWorkspaceStatus(
  session: OperatorSession,
  workspaceId: string,
): Promise<{ readonly status?: string }> {
  const sdk = await import('@aws-sdk/client-amp');
  const client = session.adopt(new sdk.AmpClient(session.clientOptions()));
  const command = new sdk.DescribeWorkspaceCommand({ workspaceId });
  const { workspace } = await session.call('aps:DescribeWorkspace', (options) =>
    client.send(command, options),
  );
  const status = workspace?.status?.statusCode;
  return status === undefined ? {} : { status };
}

/** AMP tells CloudWatch each minute, some minutes late. */
const PERIOD_S = 60;
const LOOK_BACK_MS = 15 * 60_000;

/**
 * The newest figures that AMP tells CloudWatch.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html
 */
export async function readIngest(
  session: OperatorSession,
  workspaceId: string,
): Promise<IngestReport> {
  const sdk = await import('@aws-sdk/client-cloudwatch');
  const client = session.adopt(new sdk.CloudWatchClient(session.clientOptions()));
  const endMs = session.world.clock.nowMs();
  const beginMs = endMs - LOOK_BACK_MS;
  const ask = (Id: string, resource: string) => ({
    Id,
    MetricStat: {
      Metric: {
        Namespace: 'AWS/Usage',
        MetricName: 'ResourceCount',
        Dimensions: [
          { Name: 'Type', Value: 'Resource' },
          { Name: 'Service', Value: 'Prometheus' },
          { Name: 'Resource', Value: resource },
          { Name: 'ResourceId', Value: workspaceId },
          { Name: 'Class', Value: 'None' },
        ],
      },
      Period: PERIOD_S,
      Stat: 'Average',
    },
  });
  const command = new sdk.GetMetricDataCommand({
    StartTime: new Date(beginMs),
    EndTime: new Date(endMs),
    ScanBy: 'TimestampDescending',
    MetricDataQueries: [ask('series', 'ActiveSeries'), ask('rate', 'IngestionRate')],
  });
  const { MetricDataResults = [] } = await session.call('cloudwatch:GetMetricData', (options) =>
    client.send(command, options),
  );
  const newest = (id: string): number | undefined =>
    MetricDataResults.find(({ Id }) => Id === id)?.Values?.[0];
  const activeSeries = newest('series');
  const samplesPerSecond = newest('rate');
  return {
    ...(activeSeries === undefined ? {} : { activeSeries }),
    ...(samplesPerSecond === undefined ? {} : { samplesPerSecond }),
  };
}
