/**
 * The emulated X-Ray against the models of AWS: that of the SDK for JavaScript, and boto3 as a
 * client where Python has it.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import * as model from '@aws-sdk/client-xray';
import { signRequest } from '../../src/aws/signing.ts';
import { MEMBERS } from '../../src/emulator/members.ts';
import { ABSENT_REST_PATHS, REST_PATHS } from '../../src/emulator/rest-paths.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

const PATHS = REST_PATHS['xray'] ?? {};

/** The SDK's schema of an operation: its kind, …, name, traits and input. */
type Operation = readonly [9, string, string, { http: [string, string, number] }, unknown];

function listOperations(): Operation[] {
  return Object.values(model).filter(
    (value): value is Operation & typeof value => Array.isArray(value) && value[0] === 9,
  );
}

test('each operation of the model has its path, here or among those that are absent', () => {
  const known = { ...PATHS, ...ABSENT_REST_PATHS['xray'] };
  const official = listOperations().map(([, , name, { http }]) => `${name} ${http[0]} ${http[1]}`);
  assert.ok(official.length > 35);
  const ours = Object.entries(known).map(([name, line]) => `${name} ${line}`);
  assert.deepEqual(official.sort(), ours.sort());
});

test('the members of each action are members of AWS', () => {
  const known = MEMBERS['xray'] ?? {};
  assert.deepEqual(Object.keys(known).sort(), Object.keys(PATHS).sort());
  for (const [, , name, , schema] of listOperations()) {
    const { acts = '', idle = '' } = known[name] ?? {};
    const input = (typeof schema === 'function' ? schema() : schema) as unknown[];
    const members = (input[4] ?? []) as string[];
    for (const one of `${acts} ${idle}`.split(' ').filter((member) => member !== ''))
      assert.ok(members.includes(one), `${name} of AWS has no ${one}: ${members.join(', ')}`);
  }
});

test('each action refuses a member that it does not know, and lists those it knows', async () => {
  for (const [action, line] of Object.entries(PATHS)) {
    const path = line.replace('POST ', '');
    const request = {
      method: 'POST',
      url: aws.url + path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ NoSuchMember: 1 }),
    };
    const scope = { region: 'us-east-1', service: 'xray' };
    const headers = signRequest(request, aws.credentials, scope, Date.now());
    const answer = await fetch(request.url, { method: 'POST', headers, body: request.body });
    assert.equal(answer.status, 501, action);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'NotImplemented');
    const { Message } = (await answer.json()) as { Message: string };
    assert.match(Message, new RegExp(`^${action}: NoSuchMember is not supported here`));
  }
});

const noBoto3 = ((): string | false => {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore', timeout: 60_000 });
    return false;
  } catch {
    return 'Python has no boto3';
  }
})();

const SCRIPT = `
import boto3, datetime, json, sys, time
x = boto3.client('xray', endpoint_url=sys.argv[1], region_name='us-east-1')
now = time.time()
trace = '1-581cf771-a006649127e371903a2de979'
segment = {'name': 'shop', 'id': '70de5b6f19ff9a0a', 'trace_id': trace,
           'start_time': now - 2, 'end_time': now - 1, 'annotations': {'k': 1}}
when = lambda s: datetime.datetime.fromtimestamp(s, datetime.timezone.utc)
out = {}
out['put'] = x.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment), 'x'])['UnprocessedTraceSegments']
found = x.get_trace_summaries(StartTime=when(now - 60), EndTime=when(now + 60), FilterExpression='annotation.k = 1')
out['summaries'] = [(s['Id'], s['EntryPoint']['Name'], s['IsPartial']) for s in found['TraceSummaries']]
got = x.batch_get_traces(TraceIds=[trace])['Traces'][0]
out['document'] = json.loads(got['Segments'][0]['Document']) == segment
graph = x.get_service_graph(StartTime=when(now - 60), EndTime=when(now + 60))
out['graph'] = sorted(s['Name'] + ' ' + s.get('Type', '') for s in graph['Services'])
out['rules'] = [r['SamplingRule']['RuleName'] for p in x.get_paginator('get_sampling_rules').paginate() for r in p['SamplingRuleRecords']]
targets = x.get_sampling_targets(SamplingStatisticsDocuments=[{'RuleName': 'Default', 'ClientID': 'A' * 24,
    'Timestamp': when(now), 'RequestCount': 1, 'SampledCount': 1}])
out['quota'] = targets['SamplingTargetDocuments'][0]['ReservoirQuota']
x.put_telemetry_records(TelemetryRecords=[{'Timestamp': when(now), 'SegmentsReceivedCount': 2}])
try:
    x.batch_get_traces(TraceIds=['a'] * 6)
except x.exceptions.InvalidRequestException as e:
    out['refused'] = e.response['Error']['Code'], e.response['ResponseMetadata']['HTTPStatusCode']
print(json.dumps(out))
`; // prettier-ignore

test('boto3 puts and reads traces, rules and targets', { skip: noBoto3 }, async () => {
  const { accessKeyId, secretAccessKey } = aws.credentials;
  const { stdout } = await promisify(execFile)('python3', ['-c', SCRIPT, aws.url], {
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    timeout: 120_000,
  });
  assert.deepEqual(JSON.parse(stdout), {
    put: [{ ErrorCode: 'ParseError', Message: 'Invalid segment. ErrorCode: ParseError' }],
    summaries: [['1-581cf771-a006649127e371903a2de979', 'shop', false]],
    document: true,
    graph: ['shop ', 'shop client'],
    rules: ['Default'],
    quota: 1,
    refused: ['InvalidRequestException', 400],
  });
});
