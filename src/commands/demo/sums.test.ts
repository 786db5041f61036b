import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSums } from './sums.ts';

const NOW_MS = 1_700_000_000_000;

test('both totals are of the same minutes', async () => {
  const asked: URL[] = [];
  const read = (url: string): Promise<string> => {
    asked.push(new URL(url));
    const series = [{ points: [[1, 40], [2, 2]] }, { points: [[1, 3]] }]; // prettier-ignore
    const result = [{ value: [0, '46.5'] }];
    return Promise.resolve(
      JSON.stringify({ data: url.includes('/cloudwatch/') ? { series } : { result } }),
    );
  };
  assert.deepEqual(await readSums(read, 'http://w', NOW_MS), { cloudwatch: 45, promql: 46.5 });
  const [sums, increase] = asked.map(({ searchParams }) => searchParams);
  const start = Number(sums?.get('start'));
  const end = Number(sums?.get('end'));
  assert.ok(end * 1_000 >= NOW_MS && start % 60 === 0 && end % 60 === 0);
  assert.equal(increase?.get('time'), String(end));
  assert.equal(increase.get('query'), `sum(increase(http_requests_total[${end - start}s]))`);
});

test('what is not there, or not answered, is 0', async () => {
  const none = { cloudwatch: 0, promql: 0 };
  const empty = '{"status":"success","data":{"series":[],"result":[]}}';
  assert.deepEqual(await readSums(() => Promise.resolve(empty), 'http://w', NOW_MS), none);
  assert.deepEqual(await readSums(() => Promise.resolve(''), 'http://w', NOW_MS), none);
});
