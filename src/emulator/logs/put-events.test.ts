/** What PutLogEvents takes, refuses as a whole, and rejects event by event. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { callJson } from '../../../test/kit/signed-call.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());
beforeEach(async () => {
  await call('CreateLogGroup', { logGroupName: '/shop/web' });
  await call('CreateLogStream', { logGroupName: '/shop/web', logStreamName: 'one' });
});
afterEach(() => {
  aws.cloud.trouble.set({});
  aws.account.logs.clear();
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const call = (action: string, input: object, headers: Record<string, string> = {}) =>
  callJson(aws, { service: 'logs', target: `Logs_20140328.${action}` }, input, headers);

const event = (agoMs: number, message = 'x') => ({ timestamp: Date.now() - agoMs, message });

const put = (logEvents: object[], change: object = {}) =>
  call('PutLogEvents', {
    logGroupName: '/shop/web',
    logStreamName: 'one',
    logEvents,
    ...change,
  });

test('events are kept, and an answer says nothing of rejections', async () => {
  const answer = await put([event(2, 'a'), event(1, 'b')], { sequenceToken: 'any' });
  assert.deepEqual(Object.keys(answer), ['nextSequenceToken']);
  const { events, groups } = aws.account.logs.describe();
  assert.deepEqual(events, { stored: 2 });
  assert.deepEqual(groups['/shop/web']?.streams, { one: 2 });
  const page = await (await fetch(`${aws.url}/metrics`)).text();
  assert.match(page, /emulator_logs_events_total\{outcome="stored"\} 2/);
  assert.match(page, /emulator_logs_bytes 54/);
});

test('a batch that breaks a rule is refused as a whole', async () => {
  const many = (count: number) => Array.from({ length: count }, () => event(1));
  const half = 'x'.repeat(524_288 - 26);
  const cases: [object[], RegExp][] = [
    [[event(1), event(1_000)], /in chronological order\./],
    [[event(DAY + 1), event(0)], /cannot span more than 24 hours\./],
    [[event(1, half), event(1, half), event(1)], /Upload too large: 1048603 bytes exceeds limit/],
    [[event(1, 'é'.repeat(524_289))], /Log event too large: 1048578 bytes exceeds/],
    [many(10_001), /at 'logEvents' failed.*less than or equal to 10000/],
    [[], /at 'logEvents' failed.*greater than or equal to 1/],
    [[event(1, '')], /at 'logEvents\.1\.member\.message' failed/],
    [[{ message: 'x' }], /logEvents\.1\.member\.timestamp.*must not be null/],
    [[{ message: 'x', timestamp: -1 }], /logEvents\.1\.member\.timestamp/],
  ];
  for (const [events, words] of cases)
    await assert.rejects(put(events), (error: Error) => {
      assert.match(error.message, /^400 .*InvalidParameterException/);
      assert.match(error.message, words);
      return true;
    });
  assert.deepEqual(aws.account.logs.describe().events, {});
  await put([event(1, half), event(1, half)]);
  await put(many(10_000));
  await put([event(DAY - 1_000), event(0)]);
});

test('events that are too old or too new are rejected one by one', async () => {
  const answer = await put([
    event(15 * DAY),
    event(14 * DAY + 1_000),
    event(HOUR),
    event(-HOUR),
    event(-2 * HOUR - 60_000),
  ]);
  assert.deepEqual(answer['rejectedLogEventsInfo'], {
    tooNewLogEventStartIndex: 4,
    tooOldLogEventEndIndex: 2,
  });
  assert.deepEqual(aws.account.logs.describe().events, { stored: 2, too_old: 2, too_new: 1 });
  const allOld = await put([event(15 * DAY)]);
  assert.deepEqual(allOld['rejectedLogEventsInfo'], { tooOldLogEventEndIndex: 1 });
});

test('events that are older than the retention of the group are expired', async () => {
  await call('PutRetentionPolicy', { logGroupName: '/shop/web', retentionInDays: 3 });
  const events = [event(20 * DAY), event(4 * DAY), event(2 * HOUR)];
  assert.deepEqual((await put(events))['rejectedLogEventsInfo'], {
    tooOldLogEventEndIndex: 1,
    expiredLogEventEndIndex: 2,
  });
  assert.deepEqual(aws.account.logs.describe().events, { stored: 1, too_old: 1, expired: 1 });
  await call('DeleteRetentionPolicy', { logGroupName: '/shop/web' });
  assert.equal((await put([event(4 * DAY)]))['rejectedLogEventsInfo'], undefined);
});

test('a group or stream that is not there is refused, and so is a name with other signs', async () => {
  const refused = (change: object) => put([event(1)], change);
  await assert.rejects(refused({ logGroupName: 'none' }), /specified log group does not exist/);
  await assert.rejects(refused({ logStreamName: 'none' }), /specified log stream does not exist/);
  await assert.rejects(refused({ logGroupName: 'a b' }), /logGroupName.*regular expression/);
  await assert.rejects(refused({ logStreamName: 'a:b' }), /logStreamName.*regular expression/);
  await assert.rejects(refused({ logStreamName: 'x'.repeat(513) }), /equal to 512/);
});

test('a wrong entity is told, and the events are kept', async () => {
  const fault = async (entity: object) =>
    (await put([event(1)], { entity }))['rejectedEntityInfo'] as { errorType: string } | undefined;
  const keys = { Type: 'Service', Name: 'shop', Environment: 'test' };
  assert.equal(await fault({ keyAttributes: keys, attributes: { a: 'b' } }), undefined);
  const cases: [object, string][] = [
    [{}, 'MissingRequiredFields'],
    [{ keyAttributes: { Name: 'shop' } }, 'MissingRequiredFields'],
    [{ keyAttributes: { ...keys, Type: 'Cat' } }, 'InvalidTypeValue'],
    [{ keyAttributes: { ...keys, Colour: 'red' } }, 'InvalidKeyAttributes'],
    [{ keyAttributes: keys, attributes: { a: '' } }, 'InvalidAttributes'],
  ];
  for (const [entity, errorType] of cases) assert.deepEqual(await fault(entity), { errorType });
  assert.equal(aws.account.logs.describe().events.stored, 6);
});

test('a call is throttled and fails on command', async () => {
  aws.cloud.trouble.set({ faults: [{ action: 'PutLogEvents', count: 1 }] });
  await assert.rejects(put([event(1)]), /400 .*ThrottlingException/);
  const fault = { action: 'PutLogEvents', code: 'ServiceUnavailableException', status: 503 };
  aws.cloud.trouble.set({ faults: [{ ...fault, count: 1 }] });
  await assert.rejects(put([event(1)]), /503 .*ServiceUnavailableException/);
  await put([event(1)]);
});
