import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecoverableError } from '../../kernel/errors.ts';
import { GRPC_STATUS, type GrpcStatusName } from '../../kernel/grpc/status.ts';
import { encodeStatus } from '../../wire/otlp/rpc-status.ts';
import { judgeGrpc, judgeHttp, type OtlpVerdict } from './verdict.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const CONTEXT = { where: 'http://r', nowMs: NOW, isSigned: false, attempt: 1 };

function describeWait({ isOfSetUp, retryAfterMs }: RecoverableError): string {
  return isOfSetUp ? 'set-up' : String(retryAfterMs ?? '-');
}

function show(verdict: OtlpVerdict): string {
  if (verdict.kind === 'again') return `again ${verdict.error.code} ${describeWait(verdict.error)}`;
  if (verdict.kind === 'refused')
    return `refused ${verdict.reason}${verdict.isSeparable ? ' by item' : ''}`;
  return verdict.kind;
}

function http(status: number, headers: Record<string, string> = {}, more: object = {}): string {
  const body = Buffer.alloc(0);
  return show(judgeHttp({ status, headers, body }, { ...CONTEXT, ...more }));
}

test('each status of HTTP means what OTLP says', () => {
  const table: readonly (readonly [number, string])[] = [
    [200, 'taken'],
    [202, 'taken'],
    [429, 'again SINK_THROTTLED -'],
    [502, 'again SINK_UNAVAILABLE -'],
    [503, 'again SINK_UNAVAILABLE -'],
    [504, 'again SINK_UNAVAILABLE -'],
    [413, 'split'],
    [400, 'refused bad_request by item'],
    [422, 'refused bad_request by item'],
    [409, 'refused refused by item'],
    [500, 'refused refused'],
    [501, 'refused refused'],
    // What only a change of the set-up mends waits.
    [301, 'again SINK_REDIRECTED set-up'],
    [404, 'again SINK_NOT_FOUND set-up'],
    [405, 'again SINK_NOT_FOUND set-up'],
    [415, 'again SINK_UNSUPPORTED set-up'],
    [401, 'again SINK_FORBIDDEN -'],
    [403, 'again SINK_FORBIDDEN -'],
  ];
  for (const [status, expected] of table) assert.equal(http(status), expected, String(status));
  assert.equal(http(403, {}, { attempt: 2 }), 'again SINK_FORBIDDEN set-up');
  assert.equal(http(500, {}, { isSigned: true }), 'again SINK_UNAVAILABLE -');
});

test('Retry-After is seconds or a date', () => {
  assert.equal(http(503, { 'retry-after': '7' }), 'again SINK_UNAVAILABLE 7000');
  const date = new Date(NOW + 9_000).toUTCString();
  assert.equal(http(429, { 'retry-after': date }), 'again SINK_THROTTLED 9000');
});

test('AWS refuses with 400 what costs no item', () => {
  const aws = (text: string, headers: Record<string, string> = {}, isSigned = true): string => {
    const body = Buffer.from(JSON.stringify({ code: 3, message: text }));
    const all = { 'content-type': 'application/json', ...headers };
    return show(judgeHttp({ status: 400, headers: all, body }, { ...CONTEXT, isSigned }));
  };
  const destination =
    'The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination. Please ' +
    'enable it';
  assert.equal(aws(destination), 'again SINK_NOT_FOUND set-up');
  assert.equal(
    aws('slow', { 'x-amzn-errortype': 'ThrottlingException:' }),
    'again SINK_THROTTLED -',
  );
  assert.equal(aws('ThrottlingException: Rate exceeded'), 'again SINK_THROTTLED -');
  assert.equal(aws('UnrecognizedClientException: no'), 'again SINK_FORBIDDEN -');
  const expired = Buffer.from('{"__type":"ExpiredTokenException","message":"it has expired"}');
  const ofAws = { status: 400, headers: { 'content-type': 'application/json' }, body: expired };
  assert.equal(show(judgeHttp(ofAws, { ...CONTEXT, isSigned: true })), 'again SINK_FORBIDDEN -');
  assert.equal(aws('the metric Throttling is no number'), 'refused bad_request by item');
  assert.equal(aws('ValidationException: too many'), 'refused bad_request by item');
  assert.equal(aws(destination, {}, false), 'refused bad_request by item');
});

test('the message of a Status is shown, as protobuf and as JSON', () => {
  const shown = (type: string, body: Buffer): string => {
    const verdict = judgeHttp({ status: 400, headers: { 'content-type': type }, body }, CONTEXT);
    return 'text' in verdict ? verdict.text : '';
  };
  const proto = Buffer.from(encodeStatus(3, 'no such name'));
  assert.equal(shown('application/x-protobuf', proto), '400 "no such name"');
  const json = Buffer.from('{"code":3,"message":"no such name"}');
  assert.equal(shown('application/json', json), '400 "no such name"');
  assert.ok(shown('text/plain', Buffer.alloc(100_000, 'x')).length < 1_100);
});

test('each status of gRPC means what OTLP says', () => {
  const again: readonly GrpcStatusName[] = [
    'cancelled', 'deadlineExceeded', 'aborted', 'outOfRange', 'unavailable', 'dataLoss',
  ]; // prettier-ignore
  const grpc = (status: GrpcStatusName, more: object = {}): string =>
    show(judgeGrpc({ status, text: '', details: undefined, message: undefined, ...more }, CONTEXT));
  for (const name of Object.keys(GRPC_STATUS) as GrpcStatusName[]) {
    const expected = again.includes(name)
      ? 'again SINK_UNAVAILABLE -'
      : {
          ok: 'taken',
          invalidArgument: 'refused bad_request by item',
          permissionDenied: 'again SINK_FORBIDDEN -',
          unauthenticated: 'again SINK_FORBIDDEN -',
          unimplemented: 'again SINK_NOT_FOUND set-up',
          resourceExhausted: 'refused resource_exhausted',
          unknown: 'refused unknown',
          notFound: 'refused not_found',
          alreadyExists: 'refused already_exists by item',
          failedPrecondition: 'refused failed_precondition by item',
          internal: 'refused internal',
        }[name as string];
    assert.equal(grpc(name), expected, name);
  }
  const details = Buffer.from(encodeStatus(8, 'later', 2_000));
  assert.equal(grpc('resourceExhausted', { details }), 'again SINK_THROTTLED 2000');
  const text = 'grpc: received message larger than max (5000000 vs. 4194304)';
  assert.equal(grpc('resourceExhausted', { text }), 'split');
});
