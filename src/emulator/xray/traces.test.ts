/** Traces by the official SDK: what is put in is what summaries, traces and graphs show. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  BatchGetTracesCommand,
  GetServiceGraphCommand,
  GetTraceGraphCommand,
  GetTraceSummariesCommand,
  PutTraceSegmentsCommand,
  type TraceSummary,
} from '@aws-sdk/client-xray';
import { useEmulatedXray } from '../../../test/kit/emulated-xray.ts';

const emulated = useEmulatedXray();
beforeEach(() => emulated.aws.account.xray.clear());

const NOW = Math.floor(Date.now() / 1_000) - 100;
const RANGE = { StartTime: new Date((NOW - 60) * 1_000), EndTime: new Date((NOW + 60) * 1_000) };
const traceId = (index: number): string => `1-581cf771-${index.toString(16).padStart(24, '0')}`;
const id = (index: number): string => index.toString(16).padStart(16, '0');

/** A request to `shop`, which calls `stock`, a table and a database; stock is traced too. */
const SHOP = {
  name: 'shop',
  id: id(1),
  trace_id: traceId(1),
  start_time: NOW,
  end_time: NOW + 0.5,
  origin: 'AWS::ECS::Fargate',
  user: 'ada',
  annotations: { tier: 'gold', items: 3, is_new: true, 'not indexed': 1, neither: {} },
  aws: { ec2: { instance_id: 'i-1', availability_zone: 'us-east-1a' } },
  http: {
    request: {
      url: 'http://shop/buy',
      method: 'POST',
      user_agent: 'curl',
      client_ip: '192.0.2.1',
    },
    response: { status: 200 },
  },
  subsegments: [
    {
      name: 'checkout',
      id: id(2),
      start_time: NOW + 0.1,
      end_time: NOW + 0.4,
      subsegments: [
        { name: 'stock', id: id(3), start_time: NOW + 0.1, end_time: NOW + 0.2, namespace: 'remote' },
        {
          name: 'DynamoDB',
          id: id(4),
          start_time: NOW + 0.2,
          end_time: NOW + 0.3,
          namespace: 'aws',
          throttle: true,
          error: true,
          aws: { table_name: 'orders', operation: 'PutItem' },
        },
      ],
    },
  ],
}; // prettier-ignore
const STOCK = {
  name: 'stock',
  id: id(5),
  parent_id: id(3),
  trace_id: traceId(1),
  start_time: NOW + 0.12,
  end_time: NOW + 0.18,
  fault: true,
};
const LATE = {
  name: 'orders@db',
  id: id(6),
  parent_id: id(1),
  type: 'subsegment',
  trace_id: traceId(1),
  start_time: NOW + 0.45,
  end_time: NOW + 0.7,
  namespace: 'remote',
  sql: { url: 'jdbc:x' },
};

async function put(...documents: readonly (object | string)[]): Promise<unknown[]> {
  const TraceSegmentDocuments = documents.map((one) =>
    typeof one === 'string' ? one : JSON.stringify(one),
  );
  const answer = await emulated.xray.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments }));
  return answer.UnprocessedTraceSegments ?? [];
}

async function summaries(
  FilterExpression?: string,
  rest: object = {},
): Promise<readonly TraceSummary[]> {
  const answer = await emulated.xray.send(
    new GetTraceSummariesCommand({ ...RANGE, FilterExpression, ...rest }),
  );
  return answer.TraceSummaries ?? [];
}

test('a trace is shown whole, documents sent apart as documents of their own', async () => {
  assert.deepEqual(await put(SHOP, STOCK, LATE), []);
  const { Traces, UnprocessedTraceIds } = await emulated.xray.send(
    new BatchGetTracesCommand({ TraceIds: [traceId(1), traceId(9)] }),
  );
  assert.deepEqual(UnprocessedTraceIds, [traceId(9)]);
  assert.equal(Traces?.length, 1);
  const [trace] = Traces;
  assert.equal(trace?.Duration, 0.7);
  assert.equal(trace?.LimitExceeded, false);
  assert.deepEqual(trace?.Segments?.map(({ Id }) => Id), [id(1), id(5), id(6)]);
  assert.deepEqual(JSON.parse(trace?.Segments?.[0]?.Document ?? ''), SHOP);
}); // prettier-ignore

test('a summary has times, status, request, annotations, users and services', async () => {
  await put(SHOP, STOCK, LATE);
  const [summary, ...others] = await summaries();
  assert.deepEqual(others, []);
  const shop = { Name: 'shop', Names: ['shop'], AccountId: '000000000000', Type: 'AWS::ECS::Fargate' };
  const annotation = (value: object): object[] => [{ AnnotationValue: value, ServiceIds: [shop] }];
  assert.equal(summary?.StartTime?.getTime(), NOW * 1_000);
  const { StartTime: _, ServiceIds, ...rest } = summary ?? {};
  assert.deepEqual(rest, {
    Id: traceId(1),
    Duration: 0.7,
    ResponseTime: 0.5,
    HasFault: false,
    HasError: false,
    HasThrottle: true,
    IsPartial: false,
    Http: {
      HttpURL: 'http://shop/buy',
      HttpStatus: 200,
      HttpMethod: 'POST',
      UserAgent: 'curl',
      ClientIp: '192.0.2.1',
    },
    Annotations: {
      tier: annotation({ StringValue: 'gold' }),
      items: annotation({ NumberValue: 3 }),
      is_new: annotation({ BooleanValue: true }),
    },
    Users: [{ UserName: 'ada', ServiceIds: [shop] }],
    EntryPoint: shop,
    ResourceARNs: [],
    InstanceIds: [{ Id: 'i-1' }],
    AvailabilityZones: [{ Name: 'us-east-1a' }],
    FaultRootCauses: [],
    ErrorRootCauses: [],
    ResponseTimeRootCauses: [],
    Revision: 3,
  });
  assert.deepEqual(ServiceIds?.map(({ Name, Type }) => [Name, Type]), [
    ['shop', 'AWS::ECS::Fargate'],
    ['stock', undefined],
    ['DynamoDB', 'AWS::DynamoDB::Table'],
    ['orders@db', 'Database::SQL'],
  ]);
}); // prettier-ignore

test('a complete segment replaces the one in progress, and is not replaced by it', async () => {
  const { end_time: _, ...begun } = SHOP;
  const open = { ...begun, in_progress: true };
  await put(open);
  const [partial] = await summaries();
  assert.deepEqual([partial?.IsPartial, partial?.ResponseTime], [true, undefined]);
  await put(SHOP);
  await put(open, SHOP, SHOP);
  const [whole] = await summaries();
  assert.deepEqual([whole?.IsPartial, whole?.ResponseTime], [false, 0.5]);
  const { documents, traces } = emulated.aws.account.xray.describe();
  assert.deepEqual(documents, { stored: 1, replaced: 1, superseded: 1, repeated: 2 });
  assert.deepEqual(traces, { [traceId(1)]: [id(1)] });
});

test('a call is judged document by document, and as a whole only above 50', async () => {
  const wrong = { ...SHOP, name: undefined, id: id(7) };
  const unprocessed = await put('x', SHOP, wrong);
  assert.deepEqual(unprocessed, [
    { ErrorCode: 'ParseError', Message: 'Invalid segment. ErrorCode: ParseError' },
    { Id: id(7), ErrorCode: 'MissingName', Message: 'Invalid segment. ErrorCode: MissingName' },
  ]);
  assert.equal((await summaries()).length, 1);
  await assert.rejects(put(...Array.from({ length: 51 }, () => SHOP)), {
    name: 'InvalidRequestException',
    message: 'Exceeding maximum segment count: 50',
  });
  assert.deepEqual(emulated.aws.account.xray.describe().unprocessed, {
    ParseError: 1,
    MissingName: 1,
  });
});

test('a trace above 500 kB takes no more', async () => {
  const large = (index: number): object => ({
    ...STOCK,
    id: id(index),
    metadata: { m: 'x'.repeat(60_000) },
  });
  assert.deepEqual(await put(...Array.from({ length: 8 }, (_, index) => large(index + 1))), []);
  const [refusal] = (await put(large(9))) as { ErrorCode: string; Message: string }[];
  assert.equal(refusal?.ErrorCode, 'InvalidSegment');
  assert.match(refusal?.Message ?? '', /^Trace Size Exceeded\./);
  const { Traces } = await emulated.xray.send(
    new BatchGetTracesCommand({ TraceIds: [traceId(1)] }),
  );
  assert.deepEqual([Traces?.[0]?.LimitExceeded, Traces?.[0]?.Segments?.length], [true, 8]);
});

test('filters choose summaries', async () => {
  await put(SHOP, STOCK, { ...STOCK, parent_id: undefined, trace_id: traceId(2), id: id(8) });
  const chosen = async (filter: string): Promise<string> =>
    (await summaries(filter)).map(({ Id }) => Number.parseInt(Id!.slice(-2), 16)).join();
  const cases: readonly (readonly [filter: string, ids: string])[] = [
    ['service("shop")', '1'],
    ['service("stock")', '1,2'],
    ['service("stock") AND !service("shop")', '2'],
    ['service("stock") { fault }', '1,2'],
    ['service("shop") { fault }', ''],
    ['service() { throttle = true }', '1'],
    ['fault', '2'],
    ['!fault', '1'],
    ['fault = false', '1'],
    ['throttle', '1'],
    ['ok', '1'],
    ['error OR fault', '2'],
    ['(ok OR fault) responsetime > 0.1', '1'],
    ['responseTime < 0.1', '2'],
    ['duration >= 0.4 AND duration <= 0.6', '1'],
    ['http.status = 200', '1'],
    ['http.status != 200', ''],
    ['http.url', '1'],
    ['!http.url', '2'],
    ['http.url CONTAINS "/buy" and http.method = "POST"', '1'],
    ['http.url BEGINSWITH "http://shop" http.url ENDSWITH "buy"', '1'],
    ['http.url CONTAINS "/sell"', ''],
    ['user = "ada"', '1'],
    ['annotation.tier = "gold"', '1'],
    ['annotation[tier] = "gold"', '1'],
    ['annotation.items > 2', '1'],
    ['annotation.items > 3', ''],
    ['annotation.items = "3"', ''],
    ['annotation.is_new = true', '1'],
    ['!annotation.tier', '2'],
    ['partial', ''],
  ];
  for (const [filter, ids] of cases)
    assert.deepEqual((await chosen(filter)).split(',').sort().join(), ids, filter);
  const refused: readonly (readonly [filter: string, words: RegExp])[] = [
    ['rootcause.fault.service { name = "a" }', /"rootcause\.fault\.service" at character 1/],
    ['ok AND edge("a", "b")', /"edge" at character 8/],
    ['ok AND', /ends too early/],
    ['ok)', /"\)" at character 3/],
    ['service(shop)', /"shop" at character 9/],
    ['http.url CONTAINS', /ends too early/],
    ['ok & fault', /cannot be read from character 4 on: "& fault"/],
    ['('.repeat(60), /nested deeper than 50/],
    ['ok '.repeat(700), /longer than 2000 characters/],
  ];
  for (const [filter, message] of refused)
    await assert.rejects(summaries(filter), { name: 'InvalidRequestException', message }, filter);
});

test('summaries come in pages, the most recent first, while traces come', async () => {
  const root = (index: number): object => ({
    name: 'shop',
    id: id(index),
    trace_id: traceId(index),
    start_time: NOW + index / 100,
    end_time: NOW + index / 100 + 10,
  });
  for (const part of [1, 51, 101, 151, 201])
    await put(...Array.from({ length: 50 }, (_, index) => root(part + index)));
  const seen: number[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await emulated.xray.send(new GetTraceSummariesCommand({ ...RANGE, NextToken }));
    seen.push(...(answer.TraceSummaries ?? []).map(({ Id }) => Number.parseInt(Id!.slice(-4), 16)));
    ({ NextToken } = answer);
    await put(root(300 + seen.length));
  } while (NextToken !== undefined);
  assert.deepEqual(
    seen,
    Array.from({ length: 250 }, (_, index) => 250 - index),
  );
  await assert.rejects(summaries(undefined, { NextToken: 'none' }), {
    name: 'InvalidRequestException',
  });
});

test('the kind of a time range says which time of a trace counts', async () => {
  await put(SHOP, LATE);
  const within = async (
    from: number,
    to: number,
    TimeRangeType?: 'TraceId' | 'Event' | 'Service',
  ): Promise<number> => {
    const range = { StartTime: new Date((NOW + from) * 1_000), EndTime: new Date((NOW + to) * 1_000) };
    const found = await summaries(undefined, { ...range, TimeRangeType });
    return found.length;
  };
  assert.equal(await within(-1, 0.4), 1);
  assert.equal(await within(0.3, 0.9), 0);
  assert.equal(await within(-1, 0), 0, 'the end does not belong to it');
  assert.equal(await within(0.3, 0.4, 'Event'), 1);
  assert.equal(await within(0.3, 0.4, 'Service'), 0);
  assert.equal(await within(0.6, 0.8, 'Service'), 1);
  await assert.rejects(within(1, 1), { name: 'InvalidRequestException', message: /after/ });
}); // prettier-ignore

test('the service graph counts requests and calls, and infers what sent no segment', async () => {
  await put(SHOP, STOCK, LATE);
  const { Services = [] } = await emulated.xray.send(new GetServiceGraphCommand(RANGE));
  const names = new Map(Services.map(({ ReferenceId, Name, Type }) => [ReferenceId, `${Name} ${Type}`]));
  const shown = Services.map(({ Name, Type, Root, State, Edges = [], SummaryStatistics: own }) => ({
    service: `${Name} ${Type}`,
    ...(Root === true ? { isRoot: true } : {}),
    state: State,
    ok: own?.OkCount,
    faults: own?.FaultStatistics?.TotalCount,
    throttles: own?.ErrorStatistics?.ThrottleCount,
    seconds: own?.TotalResponseTime,
    edges: Edges.map(({ ReferenceId, SummaryStatistics: edge }) => [
      names.get(ReferenceId),
      edge?.TotalCount,
      edge?.TotalResponseTime,
    ]),
  }));
  const fine = { ok: 1, faults: 0, throttles: 0 };
  assert.deepEqual(shown, [
    {
      service: 'shop AWS::ECS::Fargate',
      isRoot: true,
      state: 'active',
      ...fine,
      seconds: 0.5,
      edges: [
        ['stock undefined', 1, 0.1],
        ['DynamoDB AWS::DynamoDB::Table', 1, 0.1],
        ['orders@db Database::SQL', 1, 0.25],
      ],
    },
    {
      service: 'shop client',
      state: 'unknown',
      ok: undefined,
      faults: undefined,
      throttles: undefined,
      seconds: undefined,
      edges: [['shop AWS::ECS::Fargate', 1, 0.5]],
    },
    { service: 'stock undefined', state: 'active', ok: 0, faults: 1, throttles: 0, seconds: 0.06, edges: [] },
    { service: 'DynamoDB AWS::DynamoDB::Table', state: 'unknown', ok: 0, faults: 0, throttles: 1, seconds: 0.1, edges: [] },
    { service: 'orders@db Database::SQL', state: 'unknown', ...fine, seconds: 0.25, edges: [] },
  ]);
  const graph = await emulated.xray.send(new GetTraceGraphCommand({ TraceIds: [traceId(1)] }));
  assert.deepEqual(graph.Services, Services);
  assert.deepEqual((await emulated.xray.send(new GetTraceGraphCommand({ TraceIds: [traceId(3)] }))).Services, []);
}); // prettier-ignore
