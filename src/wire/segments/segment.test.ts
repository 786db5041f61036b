/** The rules by which spans become segments; facts of the Collector's exporter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AttributesOfTest,
  listAttributes,
  makeEvent,
  makeSpan,
  makeTraceRequest,
} from '../../../test/kit/spans.ts';
import type { OtlpSpan } from '../otlp/trace-request.ts';
import { convertSpans } from './convert.ts';

// eslint-disable-next-line typescript/no-explicit-any -- a document is read as JSON
type Made = any;
const PARENT = Buffer.from('EEE19B7EC3C1B173', 'hex');

function convert(
  {
    attributes = {},
    ...span
  }: Omit<Partial<OtlpSpan>, 'attributes'> & {
    attributes?: AttributesOfTest;
  },
  resource: AttributesOfTest = { 'service.name': 'shop' },
  indexed: readonly string[] = [],
): Made[] {
  const request = makeTraceRequest(
    [makeSpan({ ...span, attributes: listAttributes(attributes) })],
    resource,
  );
  const rules = { indexing: { all: false, attributes: indexed }, logGroups: [] };
  return convertSpans(request, rules).documents.map((one) => JSON.parse(one.toString()));
}

test('names come from the service, what is called, the database, and last the span', () => {
  const nameOf = (span: Parameters<typeof convert>[0]): unknown => convert(span)[0]?.name;
  assert.equal(nameOf({}), 'shop');
  const client = { kind: 'client', parentSpanId: PARENT, name: 'GET /"x"' } as const;
  assert.equal(nameOf(client), 'GET /x');
  assert.equal(nameOf({ ...client, attributes: { 'peer.service': 'cart' } }), 'cart');
  const aws = { 'rpc.system': 'aws-api', 'aws.remote.service': 'AWS::S3', 'peer.service': 'p' };
  assert.equal(nameOf({ ...client, attributes: aws }), 'S3');
  const db = { 'db.name': 'orders', 'db.connection_string': 'jdbc:mysql://db.example.com:3306' };
  assert.equal(nameOf({ ...client, attributes: db }), 'orders@db.example.com');
});

test('the root of a service that calls another one is a segment and a subsegment', () => {
  const [call, service] = convert({
    kind: 'client',
    attributes: {
      'aws.span.kind': 'LOCAL_ROOT',
      'aws.local.service': 'front',
      'aws.remote.service': 'back',
      'http.method': 'GET',
      'aws.region': 'us-east-1',
    },
  });
  assert.deepEqual(
    [call.name, call.type, call.namespace, call.parent_id],
    ['back', 'subsegment', 'remote', service.id],
  );
  assert.deepEqual([service.name, service.type, service.http], ['front', undefined, undefined]);
  assert.deepEqual(service.metadata, { default: { 'otel.resource.service.name': 'shop' } });
  assert.equal(call.http.request.method, 'GET');
  assert.deepEqual([call.aws.region, service.aws], ['us-east-1', undefined]);
});

test('http, sql, aws and the kind of resource are blocks of their own', () => {
  const [http] = convert({
    attributes: {
      'http.request.method': 'GET', 'url.scheme': 'https', 'server.address': 'a.example',
      'server.port': 8443, 'url.path': '/x', 'url.query': 'q=1', 'client.address': '10.0.0.1',
      'http.response.status_code': 429,
    },
  }, { 'cloud.platform': 'aws_ecs', 'aws.ecs.launchtype': 'fargate', 'aws.ecs.task.arn': 't' }); // prettier-ignore
  assert.deepEqual(http.http, {
    request: {
      method: 'GET',
      url: 'https://a.example:8443/x?q=1',
      client_ip: '10.0.0.1',
      x_forwarded_for: true,
    },
    response: { status: 429 },
  });
  assert.deepEqual([http.error, http.throttle, http.fault], [true, true, undefined]);
  assert.equal(http.origin, 'AWS::ECS::Fargate');
  assert.deepEqual(http.aws.ecs, { task_arn: 't', launch_type: 'fargate' });
  const [sql] = convert({
    name: 'SELECT',
    attributes: { 'db.system': 'mysql', 'db.name': 'd', 'db.statement': 's', 'db.user': 'u' },
  });
  assert.deepEqual(sql.sql, {
    url: 'SELECT',
    connection_string: 'localhost/d',
    database_type: 'mysql',
    user: 'u',
    sanitized_query: 's',
  });
});

test('attributes are annotations where they are indexed, and metadata otherwise', () => {
  const attributes = {
    'tenant.id': 'a',
    other: 1,
    'enduser.id': 'u',
    'aws.xray.annotations': ['by-span'],
    'by-span': true,
    'aws.xray.metadata.mine': '{"k":1}',
    exact: 2n ** 62n + 1n,
  };
  const [made] = convert({ kind: 'internal', parentSpanId: PARENT, attributes }, {}, ['tenant.id']);
  assert.deepEqual(made.annotations, { 'tenant.id': 'a', by_span: true });
  assert.deepEqual(made.metadata.mine, { k: 1 });
  assert.deepEqual([made.user, made.metadata.default.other], ['u', 1]);
  assert.deepEqual(convert({ attributes: { 'aws.xray.inprogress': true } })[0].in_progress, true);
});

const STACKS: readonly (readonly [language: string, text: string, frames: unknown, cause?: string])[] = [
  ['java', 'E: m\n\tat mod/a.B.c(B.java:18)\nCaused by: F: why\n\tat d.E.f(E.java:7)\n\t... 3 more', [{ path: 'B.java', line: 18, label: 'a.B.c' }], 'F'],
  ['python', 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x()\nKeyError: ' +
'1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback ' +
'(most recent call last):\n  File "b.py", line 3, in <module>\n    f()\nValueError: no', [{ path: 'b.py', line: 3, label: '<module>' }], 'KeyError'],
  ['nodejs', 'E: m\n    at f (node:internal/x:2:3)\n    at file:///a.js:9:1', [{ path: 'node:internal/x', line: 2, label: 'f' }, { path: 'file:///a.js', line: 9 }]],
  ['dotnet', 'E: m\n   at A.B(String s) in /src/P.cs:line 14\n   at C.D()', [{ path: '/src/P.cs', line: 14, label: 'A.B(String s)' }, { line: 0, label: 'C.D()' }]],
  ['go', 'fault\ngoroutine 1 [running]:\nmain.f(...)\n\t/s/a.go:14 +0x1d', [{ path: '/s/a.go', line: 14, label: 'main.f(...)' }]],
]; // prettier-ignore

for (const [language, text, frames, cause] of STACKS)
  test(`an exception of ${language} has its frames, and what caused it`, () => {
    const event = makeEvent('exception', {
      'exception.type': 'T',
      'exception.message': 'm',
      'exception.stacktrace': text,
    });
    const resource = { 'telemetry.sdk.language': language };
    const [made] = convert({ events: [event], status: { code: 'error', message: '' } }, resource);
    const [first, second] = made.cause.exceptions;
    assert.deepEqual([first.type, first.message, first.stack], ['T', 'm', frames]);
    assert.equal(made.fault, true);
    assert.equal(second?.type, cause);
    assert.equal(first.cause, second?.id);
  });
