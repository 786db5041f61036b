import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';

async function check(targets: readonly string[], rest: object = {}) {
  const job = { job_name: 'a', static_configs: [{ targets }], ...rest };
  const text = JSON.stringify({ scrape_configs: [job] });
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  return { isTaken: plan !== undefined, lines: findings.map(formatFinding) };
}

/** Moves the target to a parameter, as the blackbox exporter's documentation has it. */
const MOVED = {
  relabel_configs: [
    { source_labels: ['__address__'], target_label: '__param_target' },
    { source_labels: ['__param_target'], target_label: 'instance' },
    { target_label: '__address__', replacement: '127.0.0.1:9115' },
  ],
};

test('an address is judged behind relabel_configs', async () => {
  const urls = ['https://prometheus.io', 'http://x/y?z#w', 'host name', ''];
  const { isTaken, lines } = await check(urls.slice(0, 3), MOVED);
  assert.deepEqual({ isTaken, lines }, { isTaken: true, lines: [] });
});

test('good addresses say nothing', async () => {
  const good = [
    'x',
    'x:9',
    ':9',
    'a_b:9',
    '[::1]:9',
    '[::1]',
    '10.0.0.1:0',
    'x:65535',
    'ü.example:1',
  ];
  assert.deepEqual((await check(good)).lines, []);
});

test('a bad address is said at its place; a scheme or path that no rule could move is refused', async () => {
  const bad: readonly [string, boolean, RegExp][] = [
    ['', true, /:66: target "": it has no address; set "__address__" \[CONFIG_NOTE\]$/],
    ['host name:9', true, /:66: target "host name:9" is not a host and port; write it as host:p/],
    ['x:99999', true, /:66: target "x:99999" has port 99999; the highest is 65535 \[/],
    [':99999', true, /:66: target ":99999" has port 99999; the highest is 65535 \[/],
    ['::1', true, /write an IPv6 address in brackets, as \[::1\]:9100 \[/],
    [
      'http://x',
      false,
      /:66: target "http:\/\/x" is not a host and port; leave out the scheme.*E\]$/,
    ],
    ['x/y', false, /leave out the scheme and the path .* relabel_configs \[CONFIG_VALUE\]$/],
  ];
  for (const [address, isTaken, line] of bad) {
    const checked = await check([address]);
    assert.equal(checked.isTaken, isTaken, address);
    assert.equal(checked.lines.length, 1, address);
    assert.match(checked.lines[0] ?? '', line);
  }
});

test('with rules, also a scheme does not keep the job from running, as in Prometheus', async () => {
  const rules = { relabel_configs: [{ target_label: 'a', replacement: 'b' }] };
  const { isTaken, lines } = await check(['http://x'], rules);
  assert.equal(isTaken, true);
  assert.match(lines.join('\n'), /target "http:\/\/x" is not a host and port/);
});

test('a bad address shows no password, and twenty of a job are enough', async () => {
  const { lines } = await check(['user:hush@x:9', 'x?token=hush']);
  assert.equal(lines.length, 2);
  assert.doesNotMatch(lines.join('\n'), /hush/);
  assert.match(
    lines[0] ?? '',
    /target "x:9": an address holds no user and password; use basic_auth/,
  );
  assert.equal((await check(Array.from({ length: 50 }, () => ''))).lines.length, 20);
});
