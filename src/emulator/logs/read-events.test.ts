/** Groups and streams with their tags and retention, and the ways to read events. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { callJson } from '../../../test/kit/signed-call.ts';
import { parsePattern } from './filter-pattern.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());
afterEach(() => aws.account.logs.clear());

interface Answer {
  events?: { message: string; logStreamName: string }[];
  nextToken?: string;
  nextForwardToken?: string;
  nextBackwardToken?: string;
  logGroups?: { logGroupName: string; logGroupArn: string; retentionInDays?: number }[];
  logStreams?: { logStreamName: string; lastEventTimestamp?: number }[];
  tags?: Record<string, string>;
}

const call = (action: string, input: object): Promise<Answer> =>
  callJson(aws, { service: 'logs', target: `Logs_20140328.${action}` }, input);

const NOW = Date.now();

async function makeStream(name: string, ...events: (readonly [ago: number, text: string])[]) {
  const at = { logGroupName: 'g', logStreamName: name };
  await call('CreateLogGroup', { logGroupName: 'g' }).catch(() => undefined);
  await call('CreateLogStream', at);
  const logEvents = events.map(([ago, message]) => ({ timestamp: NOW - ago, message }));
  await call('PutLogEvents', { ...at, logEvents });
}

const textsOf = ({ events = [] }: Answer): string[] => events.map(({ message }) => message);

test('a stream is read forward and backward by its tokens', async () => {
  await makeStream('s', [5, 'a'], [4, 'b'], [3, 'c'], [2, 'd'], [1, 'e']);
  const get = (more: object) =>
    call('GetLogEvents', { logGroupName: 'g', logStreamName: 's', limit: 2, ...more });
  const tail = await get({});
  assert.deepEqual(textsOf(tail), ['d', 'e']);
  const back = await get({ nextToken: tail.nextBackwardToken });
  assert.deepEqual(textsOf(back), ['b', 'c']);
  const first = await get({ nextToken: back.nextBackwardToken });
  assert.deepEqual(textsOf(first), ['a']);
  const end = await get({ nextToken: first.nextBackwardToken });
  assert.deepEqual([textsOf(end), end.nextBackwardToken], [[], first.nextBackwardToken]);
  const head = await get({ startFromHead: true });
  assert.deepEqual(textsOf(head), ['a', 'b']);
  const next = await get({ startFromHead: true, nextToken: head.nextForwardToken });
  assert.deepEqual(textsOf(next), ['c', 'd']);
  assert.deepEqual(textsOf(await get({ nextToken: tail.nextForwardToken })), []);
  assert.equal((await get({ nextToken: tail.nextForwardToken })).nextForwardToken, tail.nextForwardToken);
  assert.deepEqual(textsOf(await get({ startTime: NOW - 4, endTime: NOW - 2, startFromHead: true })), ['b', 'c']);
  await assert.rejects(get({ nextToken: 'x' }), /nextToken is invalid/);
  await assert.rejects(get({ logGroupIdentifier: 'g' }), /Exactly one of/);
  await assert.rejects(get({ limit: 10_001 }), /'limit' failed/);
}); // prettier-ignore

test('events that come late stand at their time, and a page ends at 1 MB', async () => {
  await makeStream('s', [1, 'new']);
  const at = { logGroupName: 'g', logStreamName: 's' };
  const big = 'x'.repeat(600_000);
  const put = (ago: number, message: string) =>
    call('PutLogEvents', { ...at, logEvents: [{ timestamp: NOW - ago, message }] });
  await put(3, big);
  await put(2, big);
  const page = await call('GetLogEvents', { ...at, startFromHead: true });
  assert.deepEqual(textsOf(page).map((text) => text.length), [600_000]);
  const next = await call('GetLogEvents', { ...at, nextToken: page.nextForwardToken });
  assert.deepEqual(textsOf(next).map((text) => text.length), [600_000, 3]);
}); // prettier-ignore

test('all streams of a group are searched in order of time, in pages', async () => {
  await makeStream('one', [5, 'error a'], [3, 'fine'], [1, 'error c']);
  await makeStream('two', [4, 'error b']);
  const filter = (more: object) => call('FilterLogEvents', { logGroupName: 'g', ...more });
  const filterPattern = 'error';
  const page = await filter({ filterPattern, limit: 2 });
  assert.deepEqual(
    page.events?.map(({ logStreamName, message }) => [logStreamName, message]),
    [
      ['one', 'error a'],
      ['two', 'error b'],
    ],
  );
  const last = await filter({ filterPattern, limit: 2, nextToken: page.nextToken });
  assert.deepEqual([textsOf(last), last.nextToken], [['error c'], undefined]);
  assert.deepEqual(textsOf(await filter({ logStreamNames: ['two'] })), ['error b']);
  assert.deepEqual(textsOf(await filter({ logStreamNamePrefix: 'o', endTime: NOW - 3 })), [
    'error a',
    'fine',
  ]);
  const both = filter({ logStreamNames: ['two'], logStreamNamePrefix: 't' });
  await assert.rejects(both, /mutually exclusive/);
  await assert.rejects(filter({ filterPattern: '[a, b]' }), /501 .*columns/);
});

test('patterns fit as terms and as properties of JSON', () => {
  const message = JSON.stringify({ a: { b: [{ c: 5 }] }, t: 'web-1', n: null, f: true });
  const cases: [string, string, boolean][] = [
    ['', 'x', true],
    ['ERROR', 'an ERROR here', true],
    ['ERROR', 'an error here', false],
    ['"an ERR"', 'an ERROR', true],
    ['an -ERROR', 'an ERROR', false],
    ['?no ?ERROR', 'an ERROR', true],
    ['{ $.a.b[0].c = 5 }', message, true],
    ['{ $.a.b[0].c > 5 || $.t = "web-*" }', message, true],
    ['{ ($.a.b[0].c <= 4 || $.f IS TRUE) && $.n IS NULL }', message, true],
    ['{ $.t != "web-1" }', message, false],
    ['{ $.missing != "x" }', message, false],
    ['{ $.t = *eb* }', message, true],
    ['{ $.t = w*w }', message, false],
    ['{ $.missing NOT EXISTS }', message, true],
    ['{ $.n EXISTS }', message, true],
    ['{ $.a = 1 }', 'no JSON', false],
  ];
  for (const [pattern, text, fits] of cases) assert.equal(parsePattern(pattern)(text), fits, pattern);
  for (const pattern of ['"open', '{ $.a }', '{ a = 1 }', '{ $.a = 1 } x', '{ $.a < x }', '{ $.a IS 5 }', `{ ${'('.repeat(40)}`, 'x'.repeat(1_025)])
    assert.throws(() => parsePattern(pattern), { code: 'InvalidParameterException' }, pattern);
  for (const pattern of ['%re%', '{ $.a = %re% }', '[a]'])
    assert.throws(() => parsePattern(pattern), { code: 'NotImplemented' }, pattern);
}); // prettier-ignore

test('groups and streams are listed in pages, with tags and retention', async () => {
  for (const logGroupName of ['b', 'a', 'c']) await call('CreateLogGroup', { logGroupName, tags: { k: logGroupName } });
  const page = await call('DescribeLogGroups', { limit: 2 });
  assert.deepEqual(page.logGroups?.map(({ logGroupName }) => logGroupName), ['a', 'b']);
  const rest = await call('DescribeLogGroups', { limit: 2, nextToken: page.nextToken });
  assert.deepEqual([rest.logGroups?.length, rest.nextToken], [1, undefined]);
  const resourceArn = page.logGroups?.[0]?.logGroupArn;
  await call('TagResource', { resourceArn, tags: { more: '1' } });
  await call('UntagResource', { resourceArn, tagKeys: ['k'] });
  assert.deepEqual((await call('ListTagsForResource', { resourceArn })).tags, { more: '1' });
  await assert.rejects(call('PutRetentionPolicy', { logGroupName: 'a', retentionInDays: 2 }), /retentionInDays/);
  await assert.rejects(call('CreateLogGroup', { logGroupName: 'aws/x' }), /reserved/);
  await assert.rejects(call('CreateLogGroup', { logGroupName: 'x', tags: {} }), /tags/);
  await makeStream('old', [10, 'x']);
  await makeStream('new', [5, 'x']);
  const byTime = await call('DescribeLogStreams', { logGroupName: 'g', orderBy: 'LastEventTime', descending: true });
  assert.deepEqual(byTime.logStreams?.map(({ logStreamName }) => logStreamName), ['new', 'old']);
  await call('DeleteLogStream', { logGroupName: 'g', logStreamName: 'old' });
  await call('DeleteLogGroup', { logGroupName: 'a' });
  const { groups } = aws.account.logs.describe();
  assert.deepEqual([Object.keys(groups), groups['g']?.streams], [['b', 'c', 'g'], { new: 1 }]);
}); // prettier-ignore
