import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createWorld } from '../../test/kit/world.ts';
import type { ClientResponse } from '../kernel/http-client.ts';
import { HttpError, type HttpResponse } from '../kernel/http-server.ts';
import { createForwardMetrics } from './forward-metrics.ts';
import { KEPT_AGE_MAX_MS, SamplingCache } from './sampling-cache.ts';

/** One call to X-Ray, which a test ends as it likes. */
interface Call {
  readonly body: string;
  answer(body: unknown, status?: number, headers?: Record<string, string>): void;
  fail(): void;
}

function open() {
  const world = createWorld();
  const { clock, metrics } = world;
  const cache = new SamplingCache({ name: 'f', clock, metrics: createForwardMetrics(metrics) });
  const calls: Call[] = [];
  const call = (body: Buffer): Promise<ClientResponse> =>
    new Promise((resolve, reject) => {
      calls.push({
        body: body.toString(),
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
    cache.rules(key, () => call(Buffer.from(key)));
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

test('a page of something on the way passes and is not kept', async () => {
  const { rules, calls, clock } = open();
  const first = rules();
  calls[0]!.answer(RULES);
  await first;
  await clock.advance(4_000);
  const second = rules();
  calls[1]!.answer(Buffer.from('<html>please log in</html>'));
  assert.match(String((await second).body), /log in/);
  const third = rules();
  calls[2]!.fail();
  assert.deepEqual(read(await third), RULES);
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
  const counted = (call: Call): unknown =>
    (JSON.parse(call.body) as { SamplingStatisticsDocuments: { RequestCount: number }[] })
      .SamplingStatisticsDocuments[0]?.RequestCount;
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
  assert.equal(counted(calls[2]!), 110);
  const meanwhile = targets(report(4, { a: 1_000 }));
  assert.equal(counted(calls[3]!), 1_000, 'what is under way is not sent twice');
  calls[2]!.fail();
  calls[3]!.fail();
  await meanwhile;
  await clock.advance(0);
  assert.equal(metric('amperage_xray_held_statistics'), 1);
  const last = targets(report(5, { a: 10_000 }));
  assert.equal(counted(calls[4]!), 11_110);
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

test('compressed targets are kept; what cannot be read passes', async () => {
  const { targets, calls } = open();
  const first = targets(report(1, { a: 1 }));
  const gzip = gzipSync(JSON.stringify(TARGETS));
  calls[0]!.answer(gzip, 200, { 'content-encoding': 'gzip' });
  assert.deepEqual((await first).body, gzip);
  const second = targets(report(2, { a: 1 }));
  calls[1]!.answer(Buffer.from('broken'), 200, { 'content-encoding': 'gzip' });
  assert.equal(String((await second).body), 'broken');
  const third = targets(report(3, { a: 1 }));
  calls[2]!.fail();
  assert.deepEqual(
    (read(await third) as { LastRuleModification: unknown }).LastRuleModification,
    7.5,
  );
});
