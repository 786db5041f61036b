/**
 * The emulated CloudWatch and CloudWatch Logs with AWS's own clients: boto3 (CBOR for CloudWatch),
 * the AWS CLI and, where it is installed, the SDK for JavaScript (JSON); and the older query
 * protocol by hand. Members that the emulator knows are held against botocore's models.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { MEMBERS } from '../../src/emulator/members.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import { runAwsCli, runPython, skipWithoutAwsCli, skipWithoutBoto3 } from '../kit/python.ts';
import { callJson, postSigned } from '../kit/signed-call.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());
afterEach(() => {
  aws.cloud.trouble.set({});
  aws.account.logs.clear();
  aws.account.cloudWatch.clear();
});

const logs = (action: string, input: object, headers: Record<string, string> = {}) =>
  callJson(aws, { service: 'logs', target: `Logs_20140328.${action}` }, input, headers);

const MINUTE = 60_000;
const THIS_MINUTE = Math.floor(Date.now() / MINUTE) * MINUTE;

/** Events of the format in a group, each with a request count. */
async function putRequests(counts: readonly (readonly [agoMinutes: number, count: number])[]) {
  await logs('CreateLogGroup', { logGroupName: 'g' }).catch(() => undefined);
  await logs('CreateLogStream', { logGroupName: 'g', logStreamName: 's' }).catch(() => undefined);
  const logEvents = counts.map(([agoMinutes, count]) => {
    const timestamp = THIS_MINUTE - agoMinutes * MINUTE;
    const Metrics = [{ Name: 'requests', Unit: 'Count' }];
    const directive = { Namespace: 'Shop', Dimensions: [['Service'], []], Metrics };
    const meta = { Timestamp: timestamp, CloudWatchMetrics: [directive] };
    return { timestamp, message: JSON.stringify({ _aws: meta, Service: 'web', requests: count }) };
  });
  const format = { 'x-amzn-logs-format': 'json/emf' };
  await logs('PutLogEvents', { logGroupName: 'g', logStreamName: 's', logEvents }, format);
}

test('the members of each action are members of AWS', { skip: skipWithoutBoto3 }, async () => {
  const models = (await runPython(
    aws,
    `
import json, botocore.session
s = botocore.session.get_session()
out = {}
for name in ['logs', 'cloudwatch']:
    m = s.get_service_model(name)
    out[m.metadata['targetPrefix']] = {o: list(m.operation_model(o).input_shape.members) for o in m.operation_names}
print(json.dumps(out))
`,
  )) as Record<string, Record<string, string[]>>;
  for (const [target, operations] of Object.entries(models))
    for (const [action, { acts, idle = '' }] of Object.entries(MEMBERS[target] ?? {}))
      for (const one of `${acts} ${idle}`.trim().split(' '))
        assert.ok(operations[action]?.includes(one), `${action} of AWS has no ${one}`);
  assert.equal(Object.keys(models).length, 2);
}); // prettier-ignore

test('boto3 makes groups and puts and reads events', { skip: skipWithoutBoto3 }, async () => {
  const script = `
import boto3, json, time
c = boto3.client('logs')
c.create_log_group(logGroupName='/a', tags={'k': 'v'})
c.put_retention_policy(logGroupName='/a', retentionInDays=7)
c.create_log_stream(logGroupName='/a', logStreamName='s')
now = int(time.time() * 1000)
put = c.put_log_events(logGroupName='/a', logStreamName='s', logEvents=[
    {'timestamp': now - 20 * 86400000, 'message': 'old'}, {'timestamp': now, 'message': 'new'}])
group = c.describe_log_groups()['logGroups'][0]
out = {
  'rejected': put['rejectedLogEventsInfo'],
  'retention': group['retentionInDays'],
  'tags': c.list_tags_for_resource(resourceArn=group['logGroupArn'])['tags'],
  'streams': [s['logStreamName'] for s in c.describe_log_streams(logGroupName='/a')['logStreams']],
}
for name in ['/a', 'a b']:
    try: c.create_log_group(logGroupName=name)
    except Exception as e: out[name] = type(e).__name__
print(json.dumps(out))
`; // prettier-ignore
  assert.deepEqual(await runPython(aws, script), {
    rejected: { tooOldLogEventEndIndex: 1 },
    retention: 7,
    tags: { k: 'v' },
    streams: ['s'],
    '/a': 'ResourceAlreadyExistsException',
    'a b': 'InvalidParameterException',
  });
});

test('boto3 reads metrics of events, in pages', { skip: skipWithoutBoto3 }, async () => {
  await putRequests([
    [3, 5],
    [2, 7],
    [1, 9],
  ]);
  const script = `
import boto3, json, datetime
c = boto3.client('cloudwatch')
at = lambda ms: datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
stat = lambda s, p=60: {'Metric': {'Namespace': 'Shop', 'MetricName': 'requests', 'Dimensions': [{'Name': 'Service', 'Value': 'web'}]}, 'Period': p, 'Stat': s}
times = {'StartTime': at(${THIS_MINUTE - 5 * MINUTE}), 'EndTime': at(${THIS_MINUTE + MINUTE})}
r = c.get_metric_data(MetricDataQueries=[{'Id': 'a', 'MetricStat': stat('Sum')}, {'Id': 'b', 'MetricStat': stat('Average', 3600)}], **times)
out = {x['Id']: [[int(t.timestamp() * 1000) for t in x['Timestamps']], x['Values'], x['StatusCode']] for x in r['MetricDataResults']}
pages = c.get_paginator('get_metric_data').paginate(MetricDataQueries=[{'Id': 'a', 'MetricStat': stat('Sum')}], MaxDatapoints=2, **times)
out['pages'] = [[x['Values'] for x in p['MetricDataResults']] for p in pages]
out['listed'] = [[m['Namespace'], m['MetricName'], m['Dimensions']] for p in c.get_paginator('list_metrics').paginate(Namespace='Shop') for m in p['Metrics']]
s = c.get_metric_statistics(Namespace='Shop', MetricName='requests', Period=3600, Statistics=['Sum', 'Maximum'], ExtendedStatistics=['p50'], **times)['Datapoints'][0]
out['statistics'] = [s['Sum'], s['Maximum'], s['ExtendedStatistics'], s['Unit']]
for stats, id in (('Nonsense', 'a'), ('Sum', 'A')):
    try: c.get_metric_data(MetricDataQueries=[{'Id': id, 'MetricStat': stat(stats)}], **times)
    except Exception as e: out[stats] = [e.response['Error']['Code'], e.response['ResponseMetadata']['HTTPStatusCode']]
print(json.dumps(out))
`; // prettier-ignore
  assert.deepEqual(await runPython(aws, script), {
    a: [[1, 2, 3].map((ago) => THIS_MINUTE - ago * MINUTE), [9, 7, 5], 'Complete'],
    b: [[THIS_MINUTE - 5 * MINUTE], [7], 'Complete'],
    pages: [[[9, 7]], [[5]]],
    listed: [
      ['Shop', 'requests', []],
      ['Shop', 'requests', [{ Name: 'Service', Value: 'web' }]],
    ],
    statistics: [21, 9, { p50: 7 }, 'Count'],
    Nonsense: ['InvalidParameterValue', 400],
    Sum: ['ValidationError', 400],
  });
});

test('the AWS CLI reads events and metrics', { skip: skipWithoutAwsCli() }, async () => {
  await putRequests([[1, 4]]);
  const start = new Date(THIS_MINUTE - 10 * MINUTE).toISOString();
  const end = new Date(THIS_MINUTE + MINUTE).toISOString();
  const query = { Id: 'a', MetricStat: { Metric: { Namespace: 'Shop', MetricName: 'requests' }, Period: 60, Stat: 'Sum' } };
  const got = (await runAwsCli(aws, 'cloudwatch', 'get-metric-data', '--metric-data-queries', JSON.stringify([query]), '--start-time', start, '--end-time', end)) as { MetricDataResults: { Values: number[] }[] };
  assert.deepEqual(got.MetricDataResults[0]?.Values, [4]);
  const found = (await runAwsCli(aws, 'logs', 'describe-log-streams', '--log-group-name', 'g')) as { logStreams: { logStreamName: string }[] };
  assert.deepEqual(found.logStreams.map(({ logStreamName }) => logStreamName), ['s']);
}); // prettier-ignore

test('the query protocol and JSON give the same metrics', async () => {
  await putRequests([
    [2, 1],
    [1, 2],
  ]);
  const times = [THIS_MINUTE - 5 * MINUTE, THIS_MINUTE + MINUTE];
  const form = new URLSearchParams({
    Action: 'GetMetricData',
    Version: '2010-08-01',
    StartTime: new Date(times[0] ?? 0).toISOString(),
    EndTime: new Date(times[1] ?? 0).toISOString(),
    ScanBy: 'TimestampAscending',
    'MetricDataQueries.member.1.Id': 'a',
    'MetricDataQueries.member.1.MetricStat.Metric.Namespace': 'Shop',
    'MetricDataQueries.member.1.MetricStat.Metric.MetricName': 'requests',
    'MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name': 'Service',
    'MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value': 'web',
    'MetricDataQueries.member.1.MetricStat.Period': '60',
    'MetricDataQueries.member.1.MetricStat.Stat': 'Sum',
  });
  const asForm = (fields: URLSearchParams) =>
    postSigned(aws, 'monitoring', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: fields.toString(),
    });
  const xml = (await asForm(form)).body.toString();
  assert.match(xml, /<Values><member>1<\/member><member>2<\/member><\/Values>/);
  const iso = new Date(THIS_MINUTE - 2 * MINUTE).toISOString();
  assert.match(xml, new RegExp(`<Timestamps><member>${iso}</member>`));
  form.set('MetricDataQueries.member.1.MetricStat.Stat', 'TM(1%:9%)');
  const refused = await asForm(form);
  assert.equal(refused.status, 400);
  assert.match(refused.body.toString(), /<Code>InvalidParameterValue<\/Code>.*TM\(1%:9%\) is not/);
  form.set('Nonsense', '1');
  assert.equal((await asForm(form)).status, 501);
  form.delete('Nonsense');
  form.set('MetricDataQueries.1', 'x');
  assert.match((await asForm(form)).body.toString(), /<Code>MalformedQueryString/);
  const target = 'GraniteServiceVersion20100801.ListMetrics';
  const listed = await callJson(aws, { service: 'monitoring', target }, { Namespace: 'Shop' });
  assert.equal((listed['Metrics'] as object[]).length, 2);
});

test('the SDK for JavaScript reads metrics', async () => {
  await putRequests([[1, 3]]);
  const client = new CloudWatchClient({ endpoint: aws.url, region: 'us-east-1', credentials: aws.credentials, maxAttempts: 1 });
  const times = { StartTime: new Date(THIS_MINUTE - 5 * MINUTE), EndTime: new Date(THIS_MINUTE + MINUTE) };
  const MetricStat = { Metric: { Namespace: 'Shop', MetricName: 'requests' }, Period: 60, Stat: 'Sum' };
  const got = await client.send(new GetMetricDataCommand({ ...times, MetricDataQueries: [{ Id: 'a', MetricStat }] }));
  assert.deepEqual(got.MetricDataResults?.[0]?.Values, [3]);
  assert.deepEqual(got.MetricDataResults?.[0]?.Timestamps, [new Date(THIS_MINUTE - MINUTE)]);
  const search = { Id: 'a', Expression: "SEARCH('x', 'Sum')" };
  await assert.rejects(client.send(new GetMetricDataCommand({ ...times, MetricDataQueries: [search] })), /SEARCH is not supported here/);
  client.destroy();
}); // prettier-ignore
