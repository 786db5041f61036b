import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { until } from '../../test/kit/waiting.ts';
import { createWorld } from '../../test/kit/world.ts';
import type { ClientResponse } from '../kernel/http-client.ts';
import { HttpError } from '../kernel/http-error.ts';
import { type HttpResponse } from '../kernel/http-server.ts';
import { createForwardMetrics } from './forward-metrics.ts';
import { KEPT_AGE_MAX_MS, SamplingCache } from './sampling-cache.ts';
import { LEFT_MAX } from './shared-calls.ts';

/** One call to X-Ray, which a test ends as it likes. */
interface Call {
  readonly body: string;
  readonly signal: AbortSignal | undefined;
  answer(body: unknown, status?: number, headers?: Record<string, string>): void;
  fail(): void;
}

function open() {
  const world = createWorld();
  const { clock, metrics } = world;
  const cache = new SamplingCache({ name: 'f', clock, metrics: createForwardMetrics(metrics) });
  const calls: Call[] = [];
  const call = (body: Buffer, signal?: AbortSignal): Promise<ClientResponse> =>
    new Promise((resolve, reject) => {
      calls.push({
        body: body.toString(),
        signal,
        answer: (value, status = 200, headers = {}) =>
          resolve({
            status,
            headers: { 'content-type': 'application/json', ...headers },
            body: Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)),
          }),
        fail: () => reject(new HttpError(502, 'no way to X-Ray')),
      });
    });
  const rules = (key = '{}'): Promise<HttpResponse> =>
    cache.rules(key, (signal) => call(Buffer.from(key), signal));
  const targets = (report: unknown): Promise<HttpResponse> =>
    cache.targets(Buffer.from(JSON.stringify(report)), call);
  return { ...world, calls, rules, targets };
}

const read = ({ body = '' }: HttpResponse): unknown => JSON.parse(Buffer.from(body).toString());
const isStale = ({ headers }: HttpResponse): boolean => headers?.['warning'] !== undefined;
const RULES = { SamplingRuleRecords: [{ SamplingRule: { RuleName: 'r' }, Unknown: 1 }] };

function report(time: number, counts: Record<string, number>, client = 'c1'): object {
  return {
    SamplingStatisticsDocuments: Object.entries(counts).map(([RuleName, count]) => ({
      RuleName,
      ClientID: client,
      RequestCount: count,
      SampledCount: 0,
      BorrowCount: 0,
      Timestamp: time,
    })),
  };
}

function target(rule: string): object {
  return {
    RuleName: rule,
    FixedRate: 0.1,
    ReservoirQuota: 3,
    ReservoirQuotaTTL: 1_700_000_010,
    Interval: 10,
    SamplingBoost: { BoostRate: 0.5 },
  };
}

/** Answers that X-Ray did not give. */
const FOREIGN: readonly ((call: Call) => void)[] = [
  (call) => call.answer(Buffer.from('<html>please log in</html>')),
  (call) => call.answer(Buffer.alloc(0)),
  (call) => call.answer([], 200),
  (call) => call.answer({}, 204),
  (call) => call.answer({}, 302, { location: 'http://login/' }),
  (call) => call.answer({ message: 'no such path' }, 404),
  (call) => call.answer(Buffer.from('broken'), 200, { 'content-encoding': 'gzip' }),
];

const TARGETS = { SamplingTargetDocuments: [target('a'), target('b')], LastRuleModification: 7.5 };

test('equal calls at one time are one, and an answer seconds old is shared', async () => {
  const { rules, calls, clock, metric } = open();
  const all = Array.from({ length: 1_000 }, () => rules());
  assert.equal(calls.length, 1);
  calls[0]!.answer(RULES);
  for (const answer of await Promise.all(all)) assert.deepEqual(read(answer), RULES);
  await clock.advance(2_999);
  const shared = await rules();
  assert.equal(shared.headers?.['age'], '2');
  assert.ok(!isStale(shared));
  assert.equal(metric('amperage_xray_shared_answers_total'), 1_000);
  await clock.advance(1);
  void rules();
  assert.equal(calls.length, 2);
  void rules('{"NextToken":"x"}');
  assert.equal(calls.length, 3, 'another page is another call');
});

test('after a second without an answer the kept one is given, and the call renews it', async () => {
  const { rules, calls, clock, metric } = open();
  const first = rules();
  calls[0]!.answer(RULES);
  await first;
  await clock.advance(60_000);
  let given: HttpResponse | undefined;
  void rules().then((answer) => (given = answer));
  await clock.advance(999);
  assert.equal(given, undefined);
  await clock.advance(1);
  assert.deepEqual(read(given!), RULES);
  assert.ok(isStale(given!));
  assert.equal(given!.headers?.['age'], '61');
  assert.equal(metric('amperage_xray_stale_answers_total'), 1);
  calls[1]!.answer({ SamplingRuleRecords: [] });
  await clock.advance(0);
  assert.deepEqual(read(await rules()), { SamplingRuleRecords: [] });
  assert.equal(calls.length, 2);
});

test('every failure gives the kept answer at once; answers about the request pass', async () => {
  const { rules, calls, clock } = open();
  const first = rules();
  calls[0]!.answer(RULES);
  await first;
  const failures: ((call: Call) => void)[] = [
    (call) => call.fail(),
    (call) => call.answer({}, 500),
    (call) => call.answer({}, 503),
    (call) => call.answer({}, 429),
    (call) => call.answer({}, 403),
    (call) => call.answer({}, 400, { 'x-amzn-errortype': 'ThrottledException:' }),
  ];
  for (const fail of failures) {
    await clock.advance(4_000);
    const asked = rules();
    fail(calls.at(-1)!);
    const answer = await asked;
    assert.deepEqual(read(answer), RULES);
    assert.ok(isStale(answer));
  }
  const asked = rules();
  calls.at(-1)!.answer({ message: 'what is this' }, 400);
  assert.equal((await asked).status, 400);
});

test('without a kept answer failures pass at once, and a hang ends after five seconds', async () => {
  const { rules, calls, clock } = open();
  const failed = rules();
  calls[0]!.fail();
  await assert.rejects(failed, /no way to X-Ray/);
  const throttled = rules();
  calls[1]!.answer({ message: 'slow down' }, 429);
  const passed = await throttled;
  assert.equal(passed.status, 429);
  assert.deepEqual(read(passed), { message: 'slow down' });
  const hanging = rules();
  const ended = assert.rejects(hanging, { status: 504, message: /within 5 s/ });
  await clock.advance(5_000);
  await ended;
  calls[2]!.answer(RULES);
  await clock.advance(0);
  assert.deepEqual(read(await rules()), RULES, 'what came late is kept');
});

test("what is not X-Ray's passes where nothing is kept, and is not kept", async () => {
  const { rules, calls, clock } = open();
  const alone = rules();
  calls[0]!.answer(Buffer.from('<html>please log in</html>'));
  assert.match(String((await alone).body), /log in/);
  const first = rules();
  calls[1]!.answer(RULES);
  await first;
  for (const answer of FOREIGN) {
    await clock.advance(4_000);
    const asked = rules();
    answer(calls.at(-1)!);
    const given = await asked;
    assert.deepEqual(read(given), RULES);
    assert.ok(isStale(given));
  }
});

test('an answer of rules is given for twelve hours', async () => {
  const { rules, calls, clock } = open();
  const first = rules();
  calls[0]!.answer(RULES);
  await first;
  await clock.advance(KEPT_AGE_MAX_MS);
  const asked = rules();
  calls.at(-1)!.fail();
  assert.deepEqual(read(await asked), RULES);
  await clock.advance(1);
  const late = rules();
  calls.at(-1)!.fail();
  await assert.rejects(late);
});

test('targets are given again as they came, each to its client, the end of its quota too', async () => {
  const { targets, calls, clock } = open();
  const first = targets(report(1, { a: 1, b: 1 }));
  calls[0]!.answer(TARGETS);
  assert.deepEqual(read(await first), TARGETS);
  await clock.advance(10_000);
  const asked = targets({
    ...report(2, { b: 4, c: 4 }),
    SamplingBoostStatisticsDocuments: [{ RuleName: 'b', ServiceName: 's' }],
  });
  calls[1]!.fail();
  const answer = await asked;
  assert.equal(answer.status, 200);
  assert.ok(isStale(answer));
  assert.equal(answer.headers?.['age'], '10');
  const unprocessed = (rule: string): object => ({
    RuleName: rule,
    ErrorCode: 'ServiceUnavailable',
    Message: 'X-Ray does not answer, and no earlier target of this rule is kept',
  });
  assert.deepEqual(read(answer), {
    SamplingTargetDocuments: [target('b')],
    LastRuleModification: 7.5,
    UnprocessedStatistics: [unprocessed('c')],
    UnprocessedBoostStatistics: [unprocessed('b')],
  });
  const other = targets(report(2, { a: 1 }, 'c2'));
  calls[2]!.fail();
  await assert.rejects(other, /no way to X-Ray/);
});

test('statistics that X-Ray did not take go with the next report, once each', async () => {
  const { targets, calls, clock, metric } = open();
  const first = targets(report(1, { a: 1 }));
  calls[0]!.answer(TARGETS);
  await first;
  // Failed before the answer, and after the kept one was given.
  const failed = targets(report(2, { a: 10 }));
  calls[1]!.answer({}, 500);
  await failed;
  const slow = targets(report(3, { a: 100 }));
  const again = targets(report(3, { a: 100 }));
  assert.equal(calls.length, 3, 'an equal report under way is the same one');
  await clock.advance(1_000);
  await Promise.all([slow, again]);
  assert.equal(countOf(calls[2]!), 110);
  const meanwhile = targets(report(4, { a: 1_000 }));
  assert.equal(countOf(calls[3]!), 1_000, 'what is under way is not sent twice');
  calls[2]!.fail();
  calls[3]!.fail();
  await meanwhile;
  await clock.advance(0);
  assert.equal(metric('amperage_xray_held_statistics'), 1);
  const last = targets(report(5, { a: 10_000 }));
  assert.equal(countOf(calls[4]!), 11_110);
  calls[4]!.answer(TARGETS);
  assert.ok(!isStale(await last));
  assert.equal(metric('amperage_xray_held_statistics'), 0);
});

test('a report that X-Ray refuses for good is counted as lost and not sent again', async () => {
  const { targets, calls, metric } = open();
  const refused = targets(report(1, { a: 1 }));
  calls[0]!.answer({ message: 'invalid' }, 400);
  assert.equal((await refused).status, 400);
  assert.equal(metric('amperage_xray_statistics_dropped_total{forwarder="f",reason="refused"}'), 1);
  assert.equal(metric('amperage_xray_held_statistics'), 0);
});

test('bodies that are no report are forwarded byte for byte and kept by nobody', async () => {
  const { targets, calls } = open();
  const odd = [
    'no object',
    { SamplingStatisticsDocuments: {} },
    { SamplingStatisticsDocuments: [{ RuleName: 'a', ClientID: 'c', RequestCount: -1 }] },
    { SamplingStatisticsDocuments: [null] },
  ];
  for (const [at, body] of odd.entries()) {
    const asked = targets(body);
    assert.equal(calls[at]!.body, JSON.stringify(body));
    calls[at]!.answer(TARGETS);
    assert.deepEqual(read(await asked), TARGETS);
  }
});

test('compressed targets are kept', async () => {
  for (const [coding, compress] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const) {
    const { targets, calls } = open();
    const first = targets(report(1, { a: 1 }));
    const packed = compress(JSON.stringify(TARGETS));
    calls[0]!.answer(packed, 200, { 'content-encoding': coding });
    assert.deepEqual((await first).body, packed);
    const second = targets(report(2, { a: 1 }));
    calls[1]!.fail();
    assert.deepEqual((read(await second) as typeof TARGETS).LastRuleModification, 7.5);
  }
});

/** The requests of the first rule in what was sent to X-Ray. */
const countOf = (call: Call): unknown =>
  (JSON.parse(call.body) as { SamplingStatisticsDocuments: { RequestCount: number }[] })
    .SamplingStatisticsDocuments[0]?.RequestCount;

test('statistics are held where the answer is not of X-Ray', async () => {
  const { targets, calls, metric } = open();
  let time = 0;
  for (const answer of [...FOREIGN, (call: Call) => call.answer({ message: 'hello' })]) {
    void targets(report((time += 1), { a: 10 }));
    answer(calls.at(-1)!);
    await new Promise(setImmediate);
    assert.equal(metric('amperage_xray_held_statistics'), 1);
    const next = targets(report((time += 1), { a: 1 }));
    assert.equal(countOf(calls.at(-1)!), 11);
    calls.at(-1)!.answer(TARGETS);
    await next;
    assert.equal(metric('amperage_xray_held_statistics'), 0);
  }
});

test('unprocessed statistics are held where they may be taken later, else counted', async () => {
  const { targets, calls, metric } = open();
  const asked = targets(report(1, { a: 10, b: 10, c: 10 }));
  const unprocessed = (RuleName: string, ErrorCode: string) => ({ RuleName, ErrorCode });
  calls[0]!.answer({
    SamplingTargetDocuments: [target('c')],
    LastRuleModification: 1,
    UnprocessedStatistics: [
      unprocessed('a', 'InternalFailure'),
      unprocessed('b', 'InvalidRuleName'),
    ],
  });
  await asked;
  assert.equal(metric('amperage_xray_held_statistics'), 1);
  assert.equal(metric('amperage_xray_statistics_dropped_total{forwarder="f",reason="refused"}'), 1);
  const next = targets(report(2, { a: 1, b: 1, c: 1 }));
  const sent = JSON.parse(calls[1]!.body) as {
    SamplingStatisticsDocuments: { RequestCount: number }[];
  };
  assert.deepEqual(
    sent.SamplingStatisticsDocuments.map(({ RequestCount }) => RequestCount),
    [11, 1, 1],
  );
  calls[1]!.answer(TARGETS);
  await next;
});

test('the refusal of one client is not given to another', async () => {
  const { rules, calls } = open();
  const odd = rules();
  const good = rules();
  assert.equal(calls.length, 1);
  calls[0]!.answer({ message: 'bad encoding' }, 400);
  assert.equal((await odd).status, 400);
  await until('the second one asks by itself', 5_000, () => calls.length === 2, 1);
  calls[1]!.answer(RULES);
  assert.deepEqual(read(await good), RULES);
});

test('a throttled call is one for all that wait for it', async () => {
  const { rules, calls } = open();
  const all = [rules(), rules(), rules()];
  calls[0]!.answer({ message: 'slow down' }, 429);
  for (const answer of await Promise.all(all)) assert.equal(answer.status, 429);
  assert.equal(calls.length, 1);
});

test('after the clock was set back X-Ray is asked as if nothing had happened', async () => {
  const { rules, calls, clock } = open();
  const first = rules();
  calls[0]!.answer(RULES);
  await first;
  clock.step(-3_600_000);
  await clock.advance(60_000);
  const asked = rules();
  assert.equal(calls.length, 2);
  calls[1]!.answer(RULES);
  assert.ok(!isStale(await asked));
});

test('calls that nobody waits for end when there are too many, the first one first', async () => {
  const { rules, calls, clock, metric } = open();
  const all = Array.from({ length: LEFT_MAX + 10 }, (_, i) => rules(`{"NextToken":"${i}"}`));
  const ended = Promise.allSettled(all);
  assert.ok(calls.every(({ signal }) => signal?.aborted === false));
  await clock.advance(5_000);
  await ended;
  const given = calls.map(({ signal }) => signal?.aborted);
  assert.equal(given.filter(Boolean).length, 10);
  assert.ok(given.slice(0, 10).every(Boolean));
  const failures = 'amperage_xray_forward_failures_total{forwarder="f",reason="given_up"}';
  assert.equal(metric(failures), 10);
});
