/** Documents that are OTLP become segments that can be looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listAttributes, makeSpan, makeTraceRequest } from '../../../test/kit/spans.ts';
import { writeTraceDocument } from '../../wire/otlp/trace-document.ts';
import { judgeDocument } from './judgement.ts';

const NOW_MS = 1_544_712_700_000;
const START = 1_544_712_660n * 1_000_000_000n;

interface SpanOfTest {
  readonly kind?: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly parent?: string;
  readonly attributes?: Readonly<Record<string, string | number | readonly string[]>>;
  readonly hasFailed?: boolean;
  readonly traceId?: string;
  readonly end?: bigint;
}

function write(
  prefix: 'T1S' | 'T1U',
  { kind = 'server', parent = '', attributes = {}, hasFailed = false, ...rest }: SpanOfTest,
  resource: Record<string, string> = { 'service.name': 'my.service' },
): string {
  const span = makeSpan({
    traceId: Buffer.from(rest.traceId ?? '5B8EFFF798038103D269B633813FC60C', 'hex'),
    parentSpanId: Buffer.from(parent, 'hex'),
    kind,
    endUnixNano: rest.end ?? START + 1_500_000_000n,
    attributes: listAttributes(attributes),
    status: hasFailed ? ({ message: 'no', code: 'error' } as const) : undefined,
  });
  return writeTraceDocument(makeTraceRequest([span], resource), prefix).toString();
}

function read(...given: Parameters<typeof write> extends [string, ...infer Rest] ? Rest : never) {
  const judgement = judgeDocument(write('T1S', ...given), NOW_MS);
  assert.ok(judgement.is === 'accepted', JSON.stringify(judgement));
  return JSON.parse(judgement.segments[0]!.text) as Record<string, unknown>;
}

test('a server span is a segment of its service, with its times and ids', () => {
  assert.deepEqual(read({}), {
    id: 'eee19b7ec3c1b174',
    trace_id: '1-5b8efff7-98038103d269b633813fc60c',
    name: 'my.service',
    start_time: 1_544_712_660,
    end_time: 1_544_712_661.5,
    metadata: { default: { 'otel.resource.service.name': 'my.service' } },
  });
  const platform = { 'service.name': 's', 'cloud.platform': 'aws_ecs', 'aws.ecs.launchtype': 'fargate' };
  assert.equal(read({ parent: 'EEE19B7EC3C1B173' }, platform)['origin'], 'AWS::ECS::Fargate');
}); // prettier-ignore

test('a client span within is a subsegment, a call of its peer', () => {
  const attributes = { 'server.address': 'names.example.com', 'http.response.status_code': 429 };
  const {
    id: _,
    trace_id: __,
    start_time: ___,
    end_time: ____,
    ...rest
  } = read({
    kind: 'client',
    parent: 'EEE19B7EC3C1B173',
    attributes,
  });
  assert.deepEqual(rest, {
    parent_id: 'eee19b7ec3c1b173',
    type: 'subsegment',
    name: 'names.example.com',
    namespace: 'remote',
    error: true,
    throttle: true,
    http: { request: { url: 'http://names.example.com/' }, response: { status: 429 } },
  });
  assert.equal(read({ kind: 'internal', parent: 'EEE19B7EC3C1B173' })['name'], 'Im a span');
});

test('status, request and indexed attributes are taken from old and new names', () => {
  const modern = read({
    attributes: {
      'http.request.method': 'GET',
      'url.full': 'http://a/b',
      'http.response.status_code': 503,
      'aws.xray.annotations': ['tenant.id'],
      'tenant.id': 't1',
    },
  });
  assert.deepEqual(modern['http'], {
    request: { method: 'GET', url: 'http://a/b' },
    response: { status: 503 },
  });
  assert.deepEqual([modern['fault'], modern['error']], [true, undefined]);
  assert.deepEqual(modern['annotations'], { 'tenant.id': 't1' });
  const old = read({ attributes: { 'http.method': 'PUT', 'http.status_code': 404 } });
  assert.deepEqual(old['http'], { request: { method: 'PUT' }, response: { status: 404 } });
  assert.deepEqual([old['fault'], old['error']], [undefined, true]);
  assert.equal(read({ hasFailed: true })['fault'], true);
});

test('unsampled spans are taken and not kept; what is no request is refused', () => {
  const judge = (text: string) => judgeDocument(text, NOW_MS);
  assert.deepEqual(judge(write('T1U', {})), { is: 'unsampled' });
  const codeOf = (text: string): string => {
    const judgement = judge(text);
    return judgement.is === 'refused' ? judgement.refusal.ErrorCode : judgement.is;
  };
  assert.equal(codeOf('T1S§§'), 'ParseError');
  assert.equal(codeOf(`T1S${Buffer.from([0x0a, 0xff]).toString('base64')}`), 'ParseError');
  assert.equal(codeOf(write('T1S', { traceId: '5B8E' })), 'InvalidTraceId');
  assert.equal(codeOf(write('T1S', { end: 0n })), 'MissingEndTime');
  assert.equal(codeOf(write('T1S', {}).replace('T1S', 'T2S')), 'ParseError');
});
