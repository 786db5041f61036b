import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { nameCommand } from './program.ts';

test('a first word that is the name of the program is dropped', async () => {
  assert.deepEqual(await nameCommand(['amperage', 'exporter', '--basic'], {}), [
    'exporter',
    '--basic',
  ]);
  assert.deepEqual(await nameCommand(['exporter', 'amperage'], {}), ['exporter', 'amperage']);
});

test('a command that is named goes before the variable, the variable before the table', async () => {
  const env = { AMPERAGE_COMMAND: 'xray' };
  assert.deepEqual(await nameCommand(['check', 'healthcheck', 'http://a/'], env), [
    'check',
    'healthcheck',
    'http://a/',
  ]);
  assert.deepEqual(await nameCommand(['--config.file=a', '--version'], env), [
    'xray',
    '--config.file=a',
    '--version',
  ]);
  assert.deepEqual(await nameCommand(['amperage'], env), ['xray']);
  assert.deepEqual(await nameCommand(['--config.file=a'], { AMPERAGE_COMMAND: '' }), [
    'collect',
    '--config.file=a',
  ]);
});

test('the variable may name any command, and nothing else', async () => {
  for (const named of ['prometheus', 'toString', 'collect --config'])
    await assert.rejects(nameCommand([], { AMPERAGE_COMMAND: named }), {
      code: 'USAGE',
      message: /^AMPERAGE_COMMAND is ".*"; write one of demo, collect, /,
    });
});

test('help and version of the program need no command', async () => {
  for (const flag of ['-h', '--help', '-V', '--version'])
    assert.deepEqual(await nameCommand([flag], { AOT_CONFIG_CONTENT: 'x' }), [flag]);
});

test('without anything to go by, the help ends with what is to be done', () => {
  const env = { PATH: process.env['PATH'] ?? '' };
  const main = path.resolve(import.meta.dirname, '../main.ts');
  const { status, stderr, stdout } = spawnSync(process.execPath, [main], { encoding: 'utf8', env });
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(
    stderr,
    /^Usage: amperage .*\namperage: no command .*AMPERAGE_COMMAND.* \[USAGE\]\s*$/s,
  );
});
