import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../kernel/errors.ts';
import { createExplainCommand } from './explain.ts';

async function explain(code: string): Promise<string> {
  let text = '';
  await createExplainCommand((more) => (text += more)).parseAsync([code], { from: 'user' });
  return text;
}

test('a code is explained as it stands in a message, in brackets or in small letters too', async () => {
  const text = await explain('QUEUE_LOCKED');
  assert.match(text, /^QUEUE_LOCKED: a command cannot begin\n\nAnother process has the queue open/);
  assert.match(text, /\n\nStop the other process/);
  assert.equal(await explain('[QUEUE_LOCKED]'), text);
  assert.equal(await explain('queue_locked'), text);
});

test('what is no code is refused, also the name of something that every object has', async () => {
  for (const none of ['QUEUE_LOKED', 'constructor', '__proto__', ''])
    await assert.rejects(explain(none), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.code, 'FLAG_VALUE');
      return true;
    });
});
