import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigText } from './load.ts';
import { listLooseEnds } from './loose-ends.ts';

test('a configuration that collects nothing is said, but where a flag takes pushes', async () => {
  const text = 'remote_write: [{ url: http://127.0.0.1:9/w }]';
  const { plan } = await loadConfigText(text, 'a.yml', { env: {} });
  assert.match(listLooseEnds(plan).join(), /^no job and no receiver: nothing is collected; /);
  assert.deepEqual(listLooseEnds(plan, true), []);
});
