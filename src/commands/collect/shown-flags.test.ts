import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { gather } from '../flags.ts';
import { showFlags } from './shown-flags.ts';

test('flags show where a configuration comes from, and nothing that is in it', () => {
  const command = new Command()
    .option('--config.file <source>', '', 'prometheus.yml')
    .option('--config <source>', '', gather, [])
    .option('--other <url>', '')
    .option('--empty <url>', '')
    .option('--switch', '');
  const given = [
    '--config.file',
    'yaml:remote_write: [{url: "http://a", basic_auth: {password: hush1}}]',
    '--config',
    'https://user:hu@sh2@example.com/c.yml?token=hush3',
    '--config',
    's3://bucket/key?version=4',
    '--config',
    'env:CONFIG',
    '--other',
    'https://user:hush5@example.com/?key=hush6',
    '--switch',
  ];
  command.parse(given, { from: 'user' });
  const shown = showFlags(command);
  assert.doesNotMatch(JSON.stringify(shown), /hu|sh\d/);
  assert.equal(shown['config.file'], 'yaml:…');
  assert.equal(shown['config'], 'https://example.com/c.yml,s3://bucket/key,env:CONFIG');
  assert.equal(shown['other'], 'https://user:<secret>@example.com/?key=<secret>');
  assert.deepEqual([shown['empty'], shown['switch']], ['', 'true']);
});
