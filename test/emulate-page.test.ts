/**
 * Checks that docs/emulate.md names every action, admin path and key of trouble that the emulator
 * has.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EmulatedAccount } from '../src/emulator/account.ts';
import { ADMIN_PATHS } from '../src/emulator/admin-actions.ts';
import { jsonServices } from '../src/emulator/server.ts';
import { VirtualClock } from '../src/kernel/clock.ts';

const page = readFileSync(new URL('../docs/emulate.md', import.meta.url), 'utf8');
const clock = new VirtualClock();
const account = new EmulatedAccount('us-east-1', clock, { accessKeyId: 'A', secretAccessKey: 's' });

test('the page names every action of the services that speak JSON', () => {
  for (const { target, actions } of jsonServices('us-east-1', clock, account))
    for (const action of Object.keys(actions))
      assert.match(page, new RegExp(`\\b${action}\\b`), `${target}.${action}`);
});

test('the page names every path of the admin side, and every key of trouble', () => {
  for (const path of ADMIN_PATHS) assert.ok(page.includes(`PUT ${path}\``), path);
  const settings = account.trouble.set({
    faults: [{ cluster: 'c', containing: 'x', count: 1, page: 1 }],
    only: ['ListTasks'],
    credentialsToken: 't',
  });
  const [fault] = settings.faults;
  for (const key of [...Object.keys(settings), ...Object.keys(fault ?? {})])
    assert.ok(page.includes(`\`${key}\``), key);
});
