/**
 * What the Collector's exporter makes of spans, as its own tests state it: inputs and outcomes, as
 * facts.
 * Source: contrib's exporter/awsxrayexporter/internal/translator/{segment,http}_test.go
 */
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

type Segment = Readonly<Record<string, unknown>>;
const PARENT = Buffer.from('EEE19B7EC3C1B173', 'hex');
const RESOURCE = { 'service.name': 'signup_aggregator', 'cloud.provider': 'aws' };

function convert(
  span: Partial<OtlpSpan>,
  attributes: AttributesOfTest,
  indexing: { all: boolean; attributes: readonly string[] } = { all: false, attributes: [] },
): Segment {
  const given = { parentSpanId: PARENT, ...span, attributes: listAttributes(attributes) };
  const request = makeTraceRequest([makeSpan(given)], RESOURCE);
  const [document] = convertSpans(request, { indexing, logGroups: [] }).documents;
  return JSON.parse(String(document)) as Segment;
}

const AWS = {
  'http.method': 'POST',
  'http.scheme': 'https',
  'http.host': 'dynamodb.us-east-1.amazonaws.com',
  'http.target': '/',
  'aws.table_name': 'otel-dev-Testing',
};
const PEER = {
  'http.method': 'GET',
  'http.scheme': 'https',
  'net.peer.ip': '2607:f8b0:4000:80c::2004',
  'net.peer.port': '9443',
  'net.peer.name': 'bar.com',
};
const RPC = { 'rpc.service': 'DynamoDB', 'rpc.method': 'GetItem', 'rpc.system': 'aws-api' };
const OLD_AWS = { 'aws.service': 'DynamoDB', 'rpc.method': 'Other', 'aws.operation': 'GetItem' };
const MYSQL = {
  'db.system': 'mysql',
  'db.name': 'customers',
  'db.statement': 'call f(?)',
  'db.user': 'userprefsvc',
  'db.connection_string': 'mysql://db.dev.example.com:3306',
  'net.peer.name': 'db.dev.example.com',
};

const NAMES: readonly (readonly [
  what: string,
  attributes: AttributesOfTest,
  name: string,
  namespace: string,
])[] = [
  ['a call of AWS by its RPC', { ...AWS, ...RPC }, 'DynamoDB', 'aws'],
  ['a call of AWS by older names', { ...AWS, ...OLD_AWS }, 'DynamoDB', 'aws'],
  ['a peer service', { ...AWS, 'peer.service': 'cats', ...RPC }, 'cats', 'aws'],
  ['a database', MYSQL, 'customers@db.dev.example.com', 'remote'],
  ['a host of HTTP', { ...PEER, 'http.host': 'foo.com' }, 'foo.com', 'remote'],
  ['a peer', PEER, 'bar.com', 'remote'],
  ['an RPC service', { ...PEER, 'rpc.service': 'com.foo.Cats' }, 'com.foo.Cats', 'remote'],
];

for (const [what, attributes, name, namespace] of NAMES)
  test(`the subsegment of ${what} has its name`, () => {
    const made = convert({ kind: 'client', name: 'GET /' }, attributes);
    assert.deepEqual(
      [made['name'], made['namespace'], made['type']],
      [name, namespace, 'subsegment'],
    );
  });

test('the operation of AWS is the older name of it where both are there', () => {
  for (const more of [RPC, OLD_AWS]) {
    const { aws } = convert({ kind: 'client' }, { ...AWS, ...more });
    assert.equal((aws as Segment)['operation'], 'GetItem');
    assert.equal((aws as Segment)['table_name'], 'otel-dev-Testing');
  }
});

const GET = { 'http.method': 'GET', 'http.scheme': 'https', 'http.target': '/users/junit' };
const NEW_GET = { 'http.request.method': 'GET', 'url.scheme': 'https', 'url.path': '/users/junit' };
const WHOLE = 'https://api.example.com/users/junit';

const URLS: readonly (readonly [
  kind: 'client' | 'server',
  attributes: AttributesOfTest,
  url: string | undefined,
  clientIp?: string,
])[] = [
  ['client', { 'http.method': 'GET', 'http.url': WHOLE }, WHOLE],
  ['client', { 'http.request.method': 'GET', 'url.full': WHOLE }, WHOLE],
  ['client', { ...GET, 'http.host': 'api.example.com' }, WHOLE],
  ['client', { ...GET, 'net.peer.name': 'kb', 'net.peer.port': 8080, 'net.peer.ip': '10.8.17.36' },
    'https://kb:8080/users/junit', '10.8.17.36'],
  ['client', { ...GET, 'net.peer.ip': '10.8.17.36', 'net.peer.port': '8080' },
    'https://10.8.17.36:8080/users/junit', '10.8.17.36'],
  ['client', { ...GET, 'net.peer.ip': '2001:db8:85a3::8a2e:370:7334', 'net.peer.port': '443' },
    'https://2001:db8:85a3::8a2e:370:7334/users/junit', '2001:db8:85a3::8a2e:370:7334'],
  ['client', { 'http.client_ip': '1.2.3.4', 'net.peer.ip': '10.8.17.36' }, 'http://10.8.17.36/', '1.2.3.4'],
  ['client', { 'url.full': WHOLE, 'client.address': '1.2.3.4', 'network.peer.address': '10.8.17.36' },
    WHOLE, '1.2.3.4'],
  ['server', { 'http.url': WHOLE, 'http.client_ip': '192.168.15.32' }, WHOLE, '192.168.15.32'],
  ['server', { ...NEW_GET, 'server.address': 'api.example.com' }, WHOLE],
  ['server', { ...GET, 'http.server_name': 'api.example.com', 'net.host.port': 443 }, WHOLE],
  ['server', { ...GET, 'http.scheme': 'http', 'host.name': 'kb', 'net.host.port': 8080 },
    'http://kb:8080/users/junit'],
  ['server', { ...NEW_GET, 'server.address': 'kb', 'server.port': 8080 }, 'https://kb:8080/users/junit'],
  ['server', { ...GET, 'http.client_ip': '192.168.15.32', 'net.host.port': 443, 'net.peer.port': 8080 },
    undefined, '192.168.15.32'],
]; // prettier-ignore

for (const [index, [kind, attributes, url, clientIp]] of URLS.entries())
  test(`the URL of a ${kind} span, row ${index + 1}`, () => {
    const { http } = convert({ kind }, attributes);
    const { request } = http as { request: Segment };
    assert.deepEqual([request['url'], request['client_ip']], [url, clientIp]);
  });

test('an answer has its status, and its size by the event that received it', () => {
  const received = makeEvent('message', {
    'message.type': 'RECEIVED',
    'messaging.message_payload_size_bytes': 12_452,
  });
  const attributes = { ...GET, 'http.status_code': 200 };
  const { http } = convert({ kind: 'server', events: [received] }, attributes);
  assert.deepEqual((http as Segment)['response'], { status: 200, content_length: 12_452 });
});

test('a status of HTTP is a fault, an error or a throttle', () => {
  const flags = (status: number): unknown[] => {
    const span = { kind: 'server', status: { code: 'error', message: 'no' } } as const;
    const { fault, error, throttle, name } = convert(span, { ...GET, 'http.status_code': status });
    return [fault, error, throttle, name];
  };
  assert.deepEqual(flags(500), [true, undefined, undefined, 'signup_aggregator']);
  assert.deepEqual(flags(429), [undefined, true, true, 'signup_aggregator']);
  assert.deepEqual(flags(404), [undefined, true, undefined, 'signup_aggregator']);
});

test('names lose what X-Ray refuses, and have a default', () => {
  const nameOf = (name: string): unknown => convert({ kind: 'internal', name }, {})['name'];
  const valid = 'EP @ test_15.testing-d\u00f6main.org#GO';
  assert.equal(nameOf(valid), valid);
  assert.equal(nameOf('<subDomain>.example.com'), 'subDomain.example.com');
  assert.equal(nameOf('<>'), 'span');
});

test('what is called "__proto__" or "" is kept, as an annotation where that can be one', () => {
  const attributes = { ['__proto__']: 'a', '': 'b', 'Key@1': 'c', constructor: 'd' };
  const plain = convert({ kind: 'internal' }, attributes);
  const { default: own } = plain['metadata'] as { default: Segment };
  assert.deepEqual(
    new Map(Object.entries(own)),
    new Map([
      ['', 'b'],
      ['Key@1', 'c'],
      ['__proto__', 'a'],
      ['constructor', 'd'],
    ]),
  );
  const indexed = convert({ kind: 'internal' }, attributes, { all: true, attributes: [] });
  assert.deepEqual(
    new Map(Object.entries(indexed['annotations'] as Segment)),
    new Map([
      ['Key_1', 'c'],
      ['__proto__', 'a'],
      ['constructor', 'd'],
    ]),
  );
  assert.deepEqual(indexed['metadata'], { default: { '': 'b' } });
  const written = { 'aws.xray.metadata.__proto__': '{"__proto__":{"k":1}}' };
  const { metadata } = convert({ kind: 'internal' }, written);
  assert.equal(JSON.stringify(metadata), '{"__proto__":{"__proto__":{"k":1}}}');
});
