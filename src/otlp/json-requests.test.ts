import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonRequests } from './json-requests.ts';

/** JSON that is large enough for the thread. */
const LARGE = Buffer.from(`{"resourceSpans":[]${' '.repeat(600_000)}}`);

test('a request that comes while the idle thread ends is converted in another', async () => {
  const requests = new JsonRequests();
  await requests.convert('traces', Buffer.from(LARGE));
  const ending = requests.end();
  assert.equal((await requests.convert('traces', Buffer.from(LARGE))).length, 0);
  await ending;
  await requests.end();
});
