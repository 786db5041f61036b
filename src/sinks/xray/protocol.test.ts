import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { onEnd } from '../../../test/kit/ending.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import { startXrayReceiver, type XrayReceiver } from '../../../test/kit/xray-receiver.ts';
import { ServiceClient } from '../../aws/service-client.ts';
import type { Answer } from '../../delivery/protocol.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { Chunk } from '../../model/queue.ts';
import { halveDocuments, makeChunks, unpackDocuments } from './chunk.ts';
import type { SpanForm } from './config.ts';
import { newXrayMetrics } from './metrics.ts';
import { XrayProtocol } from './protocol.ts';
import { TelemetryFigures } from './telemetry.ts';

const T0 = 1_700_000_000_000;
const SIGNAL = new AbortController().signal;

interface Bench {
  readonly receiver: XrayReceiver;
  readonly protocol: XrayProtocol;
  readonly telemetry: TelemetryFigures;
  readonly metric: (start: string) => number;
  readonly lines: readonly string[];
  readonly partsLost: string[];
  /** Sends documents in one attempt. */
  readonly send: (documents: readonly (string | Buffer)[]) => Promise<Answer>;
}

async function bench(
  context: TestContext,
  logGroups: readonly string[] = [],
  spanForm: SpanForm = 'documents',
): Promise<Bench> {
  const receiver = await startXrayReceiver(context);
  const world = createWorld({ http: openHttp(context), clock: new VirtualClock(T0) });
  const client = new ServiceClient(
    {
      service: 'xray',
      endpoint: receiver.server.url,
      region: 'us-east-1',
      credentials: { accessKey: 'AKIDEXAMPLE', secretKey: 'secret' },
    },
    world,
  );
  onEnd(context, () => client.close());
  const telemetry = new TelemetryFigures();
  const partsLost: string[] = [];
  const protocol = new XrayProtocol({
    client,
    clock: world.clock,
    timeoutMs: 5_000,
    userAgent: 'test',
    telemetry,
    logGroups,
    spanForm,
    log: world.log,
    metrics: newXrayMetrics(world.metrics, 'xray/test'),
    onPartLost: (reason, owner) => void partsLost.push(`${reason} ${owner}`),
  });
  const send = async (documents: readonly (string | Buffer)[]): Promise<Answer> => {
    const request = protocol.encode(chunksOf(documents));
    assert.ok(request);
    return protocol.send(request, 1, SIGNAL);
  };
  const { metric, lines } = world;
  return { receiver, protocol, telemetry, metric, lines, partsLost, send };
}

function chunksOf(documents: readonly (string | Buffer)[]): readonly Chunk[] {
  return makeChunks(
    documents.map((one, i) => ({
      bytes: Buffer.from(one as string),
      receivedMs: T0 + i,
      tries: 0,
    })),
    0,
  );
}

function textsOf(chunks: readonly Chunk[]): string[] {
  return chunks.flatMap((chunk) => unpackDocuments(chunk)!.map(({ bytes }) => bytes.toString()));
}

function document(id: string, name = 'shop', more: object = {}): string {
  return JSON.stringify({
    trace_id: `1-00000000-${id}`,
    id,
    name,
    start_time: 1,
    end_time: 2,
    ...more,
  });
}

function lossesOf(answer: Answer): string[] {
  assert.equal(answer.kind, 'partial');
  return answer.kind === 'partial'
    ? answer.lost.map(({ reason, owner, items }) => `${reason} ${owner} ${items}`)
    : [];
}

function againOf(answer: Answer): string[] {
  return answer.kind === 'partial' ? textsOf(answer.again) : [];
}

/** Refuses documents with this id. */
const refuse =
  (wanted: string, code: string, named: string | null = wanted) =>
  (text: string) =>
    text.includes(`"id":"${wanted}"`)
      ? { ...(named === null ? {} : { Id: named }), ErrorCode: code, Message: 'as ordered' }
      : undefined;

test('all is delivered in one request that X-Ray takes', async (context) => {
  const { receiver, send, telemetry } = await bench(context);
  const documents = [document('a'), document('b')];
  const answer = await send(documents);
  assert.equal(answer.kind, 'delivered');
  assert.deepEqual(receiver.kept, documents);
  const { headers } = receiver.requests[0]!.request;
  assert.match(headers.authorization ?? '', /\/us-east-1\/xray\/aws4_request/);
  telemetry.countReceived(2);
  telemetry.close(T0);
  assert.equal(telemetry.next()[0]?.SegmentsSentCount, 2);
});

test('what X-Ray refuses by id is lost under its code and service; the rest is delivered', async (context) => {
  const { receiver, send } = await bench(context);
  receiver.judge = refuse('b', 'InvalidName');
  const answer = await send([document('a'), document('b', 'cart'), document('c')]);
  assert.deepEqual(lossesOf(answer), ['invalid_name cart 1']);
  assert.deepEqual(againOf(answer), []);
  assert.equal(receiver.requests.length, 1);
  assert.match(
    answer.kind === 'partial' ? answer.text : '',
    /^InvalidName "as ordered" \(segment b, trace 1-00000000-b\)$/,
  );
});

test('codes that may pass are sent again alone, whatever their spelling', async (context) => {
  const codes = [
    'ThrottledException',
    'ThrottlingException',
    'InternalFailure',
    'InternalServerError',
    'ServiceUnavailable',
    'RequestTimeout',
    'Timeout',
  ];
  for (const code of codes) {
    const { receiver, send } = await bench(context);
    receiver.judge = refuse('b', code);
    const answer = await send([document('a'), document('b')]);
    assert.deepEqual([lossesOf(answer), againOf(answer)], [[], [document('b')]], code);
  }
});

test('a document at which X-Ray fails while it takes others is lost in the end, and no other', async (context) => {
  for (const [code, others, expected] of [
    ['InternalFailure', [document('a')], { lost: ['internal_failure shop 1'], rounds: 12 }],
    ['ThrottledException', [document('a')], { lost: [], rounds: 40 }],
    // All that is sent fails: that is no fault of a document.
    ['InternalFailure', [], { lost: [], rounds: 40 }],
  ] as const) {
    const { receiver, protocol } = await bench(context);
    receiver.judge = refuse('b', code);
    let chunks = chunksOf([document('b')]);
    let lost: string[] = [];
    let rounds = 0;
    for (; rounds < 40 && chunks.length > 0; rounds++) {
      const answer = await protocol.send(
        protocol.encode([...chunksOf(others), ...chunks])!,
        1,
        SIGNAL,
      );
      assert.equal(answer.kind, 'partial');
      if (answer.kind === 'partial') chunks = answer.again;
      lost = lossesOf(answer);
    }
    assert.deepEqual({ lost, rounds }, expected, code);
  }
});

test('after a failure in the middle, what is not settled goes again', async (context) => {
  const { receiver, send } = await bench(context);
  const documents = Array.from({ length: 8 }, (_, i) => document(String(i)));
  receiver.judge = refuse('5', 'InvalidName', 'unknown');
  receiver.answer = () =>
    receiver.requests.length > 1 ? { status: 503, headers: { 'retry-after': '7' } } : undefined;
  const answer = await send(documents);
  assert.deepEqual(lossesOf(answer), []);
  assert.deepEqual(againOf(answer).toSorted(), documents);
  assert.equal(answer.kind === 'partial' && answer.error?.retryAfterMs, 7_000);
  assert.equal(receiver.requests.length, 2);
});

test('answers to the whole request: what may pass, what needs a hand, what is separable', async (context) => {
  const cases: readonly (readonly [number, string, string, RegExp])[] = [
    [429, '{"__type":"ThrottledException"}', 'again', /SINK_THROTTLED/],
    [400, '{"__type":"ThrottlingException","message":"Rate exceeded"}', 'again', /SINK_THROTTLED/],
    [500, '', 'again', /SINK_UNAVAILABLE/],
    [403, '{"message":"User is not authorized"}', 'again', /SINK_FORBIDDEN.*xray:PutTraceSegments/],
    [400, '{"__type":"UnrecognizedClientException"}', 'again', /SINK_FORBIDDEN/],
    [404, '', 'again', /SINK_NOT_FOUND/],
    [302, '', 'again', /SINK_REDIRECTED/],
    [200, '<html>login</html>', 'again', /SINK_UNAVAILABLE.*proxy/],
    [400, '{"__type":"InvalidRequestException"}', 'refused', /bad_request/],
    [400, '{"__type":"a.b#RequestTimeoutException:http://x/"}', 'again', /SINK_UNAVAILABLE/],
    [400, '{"message":"Request size limit exceeded"}', 'refused', /bad_request/],
    [400, '{"message":"forbidden words: throttle, ExpiredToken"}', 'refused', /bad_request/],
    [400, '{"__type":"RequestEntityTooLarge"}', 'split', /./],
    [400, '<html>plain request to an HTTPS port</html>', 'again', /SINK_UNAVAILABLE.*proxy/],
    [407, '', 'again', /SINK_UNAVAILABLE.*proxy/],
    [413, 'Request size limit exceeded', 'split', /./],
    [413, '{"__type":"ThrottledException"}', 'again', /SINK_THROTTLED/],
  ];
  const { receiver, send } = await bench(context);
  for (const [status, body, kind, text] of cases) {
    receiver.answer = () => ({ status, body });
    const answer = await send([document('a'), document('b')]);
    assert.equal(answer.kind, kind, `${status} ${body}`);
    if (answer.kind === 'again') assert.match(`${answer.error.code} ${answer.error.message}`, text);
    if (answer.kind === 'refused')
      assert.deepEqual([answer.reason, answer.isSeparable], ['bad_request', true]);
  }
  receiver.answer = () => ({ status: 413 });
  assert.equal((await send([document('a'), document('b')])).kind, 'split');
});

test('delivered is what X-Ray says it has judged; another good answer is not of X-Ray', async (context) => {
  const cases: readonly (readonly [number, string, RegExp])[] = [
    [200, '', /SINK_UNAVAILABLE.*proxy/],
    [204, '', /SINK_UNAVAILABLE.*proxy/],
    [200, '{}', /SINK_UNAVAILABLE.*proxy/],
    [200, '[]', /SINK_UNAVAILABLE.*proxy/],
    [200, '{"status":"maintenance"}', /SINK_UNAVAILABLE.*proxy/],
    [200, '{"UnprocessedTraceSegments":null}', /SINK_UNAVAILABLE.*proxy/],
    [200, '{"UnprocessedTraceSegments":[]', /SINK_UNAVAILABLE.*proxy/],
    [200, '{"__type":"InternalFailure"}', /SINK_UNAVAILABLE/],
    [200, '{"__type":"ThrottledException","UnprocessedTraceSegments":[]}', /SINK_THROTTLED/],
    [200, '{"__type":"AccessDeniedException"}', /SINK_FORBIDDEN/],
    [200, '{"__type":"Unheard"}', /SINK_UNAVAILABLE.*proxy/],
  ];
  const { receiver, send } = await bench(context);
  for (const [status, body, text] of cases) {
    receiver.answer = () => ({ status, body });
    const answer = await send([document('a'), document('b')]);
    assert.equal(answer.kind, 'again', `${status} ${body}`);
    if (answer.kind === 'again') assert.match(`${answer.error.code} ${answer.error.message}`, text);
  }
  receiver.answer = () => ({ status: 200, body: '{"__type":"InvalidRequestException"}' });
  assert.equal((await send([document('a'), document('b')])).kind, 'refused');
  receiver.answer = () => ({ status: 200, body: ' {"UnprocessedTraceSegments": []} ' });
  assert.equal((await send([document('a')])).kind, 'delivered');
});

test('bytes that are not UTF-8 are sent as U+FFFD', async (context) => {
  const { receiver, send } = await bench(context);
  await send([Buffer.from([0x7b, 0xff, 0xc3, 0x7d])]);
  assert.deepEqual(receiver.kept, ['{\ufffd\ufffd}']);
});

test('a document above 64 kB is slimmed before it is sent; others are not touched', async (context) => {
  const { receiver, send, metric } = await bench(context);
  receiver.judge = (text) =>
    Buffer.byteLength(text) > 65_536
      ? { ErrorCode: 'InvalidSegment', Message: 'too large' }
      : undefined;
  const large = document('a', 'shop', { metadata: { big: 'x'.repeat(70_000) } });
  const exact = document('b', 'shop', { metadata: { m: '' } });
  const full = document('b', 'shop', { metadata: { m: 'x'.repeat(65_536 - exact.length) } });
  assert.equal((await send([large, full])).kind, 'delivered');
  assert.equal(receiver.kept[0], full);
  assert.deepEqual((JSON.parse(receiver.kept[1]!) as { metadata: unknown }).metadata, {
    amperage: { metadata_taken_away: ['big'] },
  });
  assert.equal(
    metric('amperage_xray_documents_slimmed_total{sink="xray/test",step="metadata"}'),
    1,
  );
});

test('a document that X-Ray calls too large is slimmed until it takes it', async (context) => {
  for (const said of [
    (text: string) => (text.length > 1_000 ? { Id: 'a', ErrorCode: 'SegmentTooLarge' } : undefined),
    (text: string) =>
      text.length > 1_000
        ? { ErrorCode: 'InvalidSegment', Message: 'Segment document is larger than 64 kB.' }
        : undefined,
  ]) {
    const { receiver, send, metric } = await bench(context);
    receiver.judge = said;
    const subsegments = Array.from({ length: 8 }, (_, i) => ({
      id: `sub${i}`,
      name: 'x'.repeat(200),
      start_time: 1,
      in_progress: true,
    }));
    const answer = await send([document('a', 'shop', { subsegments }), document('b')]);
    assert.equal(answer.kind, 'delivered');
    const ids = receiver.kept.map((text) => (JSON.parse(text) as { id: string }).id);
    assert.ok(ids.includes('a') && ids.includes('b') && ids.includes('sub0'), ids.join());
    assert.ok(
      metric('amperage_xray_documents_slimmed_total{sink="xray/test",step="subsegments"}') > 0,
    );
  }
});

test('what is too large even bare is lost, and so is OTLP, which cannot be slimmed', async (context) => {
  const { receiver, send } = await bench(context);
  const bare = document('a', 'x'.repeat(70_000));
  const answer = await send([bare, `T1S${'A'.repeat(70_000)}`]);
  assert.deepEqual(lossesOf(answer), [`too_large ${'x'.repeat(200)} 1`, 'too_large  1']);
  assert.equal(receiver.requests.length, 0);
  receiver.answer = () => ({ status: 413 });
  assert.deepEqual(lossesOf(await send([document('a')])), ['too_large shop 1']);
});

test('a subsegment of a slimmed document that X-Ray refuses is a loss of its own', async (context) => {
  const { receiver, send, partsLost } = await bench(context);
  receiver.judge = refuse('sub', 'InvalidName');
  const subsegments = [
    { id: 'sub', name: 'db', sql: 'x'.repeat(60_000), start_time: 1, end_time: 2 },
  ];
  const answer = await send([document('a', 'shop', { subsegments, aws: 'y'.repeat(10_000) })]);
  assert.equal(answer.kind, 'delivered');
  assert.deepEqual(partsLost, ['part_invalid_name db']);
});

test('a trace that is full is no document that is too large', async (context) => {
  const { receiver, send } = await bench(context);
  const Message =
    'Trace Size Exceeded. Reduce the number of segments per trace and the size of your ' +
    'segment documents.';
  for (const text of [Message, `Segment refused. ${Message}`, 'The segment: trace size exceeded']) {
    receiver.judge = () => ({ Id: 'a', ErrorCode: 'InvalidSegment', Message: text });
    assert.deepEqual(lossesOf(await send([document('a')])), ['trace_size_exceeded shop 1']);
  }
  assert.equal(receiver.requests.length, 3);
});

test('services and codes are of a bounded number', async (context) => {
  const { receiver, send } = await bench(context);
  let code = 0;
  receiver.judge = (text) => ({
    Id: (JSON.parse(text) as { id: string }).id,
    ErrorCode: `Code${code++}`,
  });
  const words = new Set<string>();
  for (let round = 0; round < 4; round++) {
    const documents = Array.from({ length: 40 }, (_, i) => document(`${i}`, `s${round * 40 + i}`));
    for (const loss of lossesOf(await send(documents))) words.add(loss);
  }
  const [reasons, owners] = [0, 1].map(
    (at) => new Set([...words].map((one) => one.split(' ')[at])),
  );
  assert.equal(reasons?.size, 51);
  assert.equal(owners?.size, 101);
});

test('log groups are written into segments', async (context) => {
  const { receiver, send } = await bench(context, ['/ecs/shop']);
  await send(['{"id":"a"}', 'T1SAAAA']);
  assert.deepEqual(receiver.kept, [
    '{"aws":{"cloudwatch_logs":[{"log_group":"/ecs/shop"}]},"id":"a"}',
    'T1SAAAA',
  ]);
});

test('a damaged chunk is told, counted without an owner, and harms no other', async (context) => {
  const { protocol } = await bench(context);
  const [good] = chunksOf([document('a'), document('b', 'cart')]);
  for (let at = 0; at < good!.bytes.length; at++) {
    const bytes = Buffer.from(good!.bytes);
    bytes[at]! ^= 0x40;
    const request = protocol.encode([{ ...good!, bytes }]);
    // A bit of the frame's header may be without effect; documents are never other ones.
    if (request !== undefined)
      assert.deepEqual(
        request.documents.map(({ bytes: one }) => one.toString()),
        [document('a'), document('b', 'cart')],
      );
  }
  const damaged = { ...good!, bytes: good!.bytes.subarray(0, 20) };
  assert.equal(protocol.encode([good!, damaged]), undefined);
  assert.equal(protocol.encode([{ ...good!, items: 3 }]), undefined);
  assert.deepEqual(
    [...protocol.ownersOf([good!, damaged])],
    [
      ['shop', 1],
      ['cart', 1],
      ['', 2],
    ],
  );
  assert.equal(halveDocuments([damaged]), undefined);
});
