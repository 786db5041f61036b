/**
 * Checks that docs/emulate.md names every action, admin path and key of trouble that the emulator
 * has, and that the command's help has the services and paths of the page.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createEmulateCommand } from '../src/commands/emulate.ts';
import { ADMIN_PATHS } from '../src/emulator/admin-actions.ts';
import { EmulatedCloud } from '../src/emulator/cloud.ts';
import { JUDGED_CODES } from '../src/emulator/xray/judgement.ts';
import { VirtualClock } from '../src/kernel/clock.ts';

const page = readFileSync(new URL('../docs/emulate.md', import.meta.url), 'utf8');
const clock = new VirtualClock();
const cloud = new EmulatedCloud({
  clock,
  regions: ['us-east-1'],
  credentials: { accessKeyId: 'A', secretAccessKey: 's' },
});

test('the page names every action of every service', () => {
  for (const { target, actions } of cloud.home.services.values())
    for (const action of Object.keys(actions))
      assert.match(page, new RegExp(`\\b${action}\\b`), `${target}.${action}`);
});

test('the page says of every code of an unprocessed document where it is known from', () => {
  for (const code of JUDGED_CODES)
    assert.match(
      page,
      new RegExp(`^\\|.*\`${code}\`.*\\|.*(documented|seen|assumption)`, 'm'),
      code,
    );
});

test('the page names every path of the admin side, and every key of trouble', () => {
  for (const path of ADMIN_PATHS) assert.ok(page.includes(`PUT ${path}\``), path);
  const settings = cloud.trouble.set({
    faults: [{ cluster: 'c', containing: 'x', count: 1, page: 1, code: 'A', status: 400 }],
    only: ['ListTasks'],
    credentialsToken: 't',
  });
  const [fault] = settings.faults;
  for (const key of [...Object.keys(settings), ...Object.keys(fault ?? {})])
    assert.ok(page.includes(`\`${key}\``), key);
});

test('the help of the command has the services and the admin paths of the page', () => {
  let help = '';
  const command = createEmulateCommand().configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const [, table = ''] = /^## Services\n([^]*?)\n## /m.exec(page) ?? [];
  const rows = [...table.matchAll(/^\| ([A-Z][\w -]*) \|/gm)].map(([, name = '']) => name);
  assert.ok(rows.length >= 16);
  // Its Logs are named with CloudWatch.
  for (const name of rows.filter((one) => one !== 'CloudWatch Logs'))
    assert.ok(command.description().includes(name), name);
  const [, admin = ''] = /^## The admin side\n([^]*?)\n## /m.exec(page) ?? [];
  const paths = [...admin.matchAll(/^\| `(?:GET|PUT) (\/_emulator\/[\w/-]+)/gm)];
  assert.ok(paths.length >= 15);
  for (const [, path = ''] of paths) assert.ok(help.includes(path), path);
});
