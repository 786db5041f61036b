/** A malformed URL in a flag that takes one ends the command with words that name the flag. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parseSourceUri } from '../../src/config/sources/uri.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

for (const args of [
  ['collect', '--config', 'http://['],
  ['collect', '--config', 'http:x'],
  ['check', 'config', 'https://a:b'],
  ['sample-app', '--web.listen-address', '127.0.0.1:0', '--load-url', 'http://['],
  ['sample-app', '--web.listen-address', '127.0.0.1:0', '--otlp-endpoint', 'http://['],
  ['workspace', '--web.listen-address', '127.0.0.1:0', '--trust-emulator', 'http://['],
])
  test(`amperage ${args.join(' ')}`, () => {
    const ended = spawnSync(process.execPath, [MAIN, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(ended.signal, null, ended.stderr);
    assert.notEqual(ended.status, 0);
    const said = ended.stderr + ended.stdout;
    assert.match(said, /\[(?:FLAG_VALUE|CONFIG_SOURCE)\]/);
    assert.doesNotMatch(said, /TypeError|ERR_INVALID_URL|\n +at /);
  });

test('a source with a malformed URL is refused, without what may be secret in it', () => {
  for (const text of ['http://[', 'http://', 'https:host', 'http://u:hush@[', 's3://[:80/b/k'])
    assert.throws(() => parseSourceUri(text), {
      name: 'ConfigError',
      message: /^(?:the endpoint of )?the source ".*" must begin with http:(?!.*hush)/,
    });
});
