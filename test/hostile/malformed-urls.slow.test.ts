/**
 * A malformed URL in a flag or a variable that takes one ends the command with words that name the
 * flag or variable, and show nothing that may be secret in it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { checkConfigText } from '../../src/config/load.ts';
import { parseSourceUri } from '../../src/config/sources/uri.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

interface Row {
  readonly args: readonly string[];
  /** Of the environment, malformed. */
  readonly variable?: string;
}

const ROWS: readonly Row[] = [
  { args: ['collect', '--config', 'http://['] },
  { args: ['collect', '--config', 'http:x'] },
  { args: ['collect', '--config', 'httpx://u:hush@h'] },
  { args: ['check', 'config', 'https://a:b'] },
  { args: ['discover', '--clusters', 'a', '--events-queue-url', 'sqs://u:hush@'] },
  { args: ['sample-app', '--web.listen-address', '127.0.0.1:0', '--load-url', 'http://['] },
  { args: ['sample-app', '--web.listen-address', '127.0.0.1:0', '--otlp-endpoint', 'http://['] },
  { args: ['workspace', '--web.listen-address', '127.0.0.1:0', '--trust-emulator', 'http://['] },
  { args: ['xray', '-b', '127.0.0.1:0', '-t', '127.0.0.1:0'], variable: 'AWS_ENDPOINT_URL' },
  { args: ['collect', '--config', 'yaml:{}'], variable: 'AWS_ENDPOINT_URL_XRAY' },
  { args: ['discover', '--clusters', 'a'], variable: 'AWS_ENDPOINT_URL_ECS' },
];

for (const { args, variable = '' } of ROWS)
  test(`${variable} amperage ${args.join(' ')}`, () => {
    const ended = spawnSync(process.execPath, [MAIN, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, ...(variable !== '' && { [variable]: 'http://u:hush@[' }) },
    });
    assert.equal(ended.signal, null, ended.stderr);
    assert.notEqual(ended.status, 0);
    const said = ended.stderr + ended.stdout;
    assert.match(said, /\[(?:FLAG_VALUE|CONFIG_SOURCE|ENDPOINT_VARIABLE)\]/);
    assert.ok(said.includes(variable), said);
    assert.doesNotMatch(said, /TypeError|ERR_INVALID_URL|hush|\n +at /);
  });

test('a malformed URL of a queue of events is an error at its place', async () => {
  const discovery = `amperage_ecs_sd_configs: [{ events_queue_url: 'sqs://u:hush@h/q' }]`;
  const text = `scrape_configs: [{ job_name: j, ${discovery} }]`;
  const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const [found] = findings.filter(({ severity }) => severity === 'error');
  assert.match(found?.message ?? '', /events_queue_url.* "sqs:\/\/h\/q" must begin with http/);
  assert.equal(found?.column, 1 + text.indexOf("'sqs"));
});

test('a source with a malformed URL is refused, without what may be secret in it', () => {
  for (const text of ['http://[', 'http://', 'https:host', 'http://u:hush@[', 's3://[:80/b/k'])
    assert.throws(() => parseSourceUri(text), {
      name: 'ConfigError',
      message: /^(?:the endpoint of )?the source ".*" must begin with http:(?!.*hush)/,
    });
});

test('a source of an unknown kind or without its name is refused, without what may be secret in it', () => {
  for (const [text, shown] of [
    ['htps://u:hush@h/c.yml', '"htps:…" is no source'],
    ['gopher:hush', '"gopher:…" is no source'],
    ['hush0hush0hush:x', '":…" is no source'],
    ['s3://u:hush@?a=hush', 'is not complete'],
    ['secretsmanager:?key=hush', 'is not complete'],
  ] as const)
    assert.throws(
      () => parseSourceUri(text),
      ({ message }: Error) => message.includes(shown) && !message.includes('hush'),
      text,
    );
});
