import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseBrowser } from './browser-guard.ts';

test('what the headers of a browser look like is refused, whatever it asks for', () => {
  for (const headers of [
    { origin: 'http://127.0.0.1:2000' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'none' },
    { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
  ])
    for (const isLoopback of [true, false])
      assert.match(
        refuseBrowser(headers, '127.0.0.1:2000', isLoopback) ?? '',
        /for programs alone/,
        JSON.stringify(headers),
      );
});

test('programs pass, with the headers that their clients add', () => {
  for (const headers of [
    {},
    { 'user-agent': 'Botocore/1.40 Python/3.13' },
    { 'user-agent': 'node', 'sec-fetch-mode': 'cors' },
  ])
    assert.equal(refuseBrowser(headers, 'localhost:2000', true), undefined);
});

test('at the loopback only names pass that no stranger can lead there', () => {
  const own = [
    '127.0.0.1:2000',
    '[::1]:2000',
    'localhost',
    'LOCALHOST:2000',
    'xray-daemon:2000',
    'host.docker.internal:2000',
    'daemon.local',
    '',
  ];
  for (const host of own) assert.equal(refuseBrowser({}, host, true), undefined, host);
  for (const host of ['rebound.example.com:2000', 'a.evil.', 'localhost.evil.com', 'x.notlocal'])
    assert.match(refuseBrowser({}, host, true) ?? '', /is not a name of this machine/, host);
});

test('a listener of all interfaces is asked for by any name', () => {
  assert.equal(refuseBrowser({}, 'xray.prod.example.com:2000', false), undefined);
});
