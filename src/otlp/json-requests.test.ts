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

test('a thread that ends fails its request alone; the next one has a new thread', async () => {
  const requests = new JsonRequests();
  const broken = requests.convert('nonsense' as 'traces', Buffer.from(LARGE));
  await assert.rejects(broken, /JSON could not be converted: /);
  assert.equal((await requests.convert('traces', Buffer.from(LARGE))).length, 0);
  await requests.end();
});

test('bug: a request of very many values is refused before it is parsed, which would end the process', async () => {
  const requests = new JsonRequests();
  const costly = Buffer.from(`{"resourceSpans":[${'[],'.repeat(3_000_000)}[]]}`);
  await assert.rejects(requests.convert('traces', costly), /more than 2000000 values/);
  const text = Buffer.from(`{"resourceSpans":[],"x":"${'[,\\"{'.repeat(3_000_000)}"}`);
  assert.equal((await requests.convert('traces', text)).length, 0);
  await requests.end();
});
