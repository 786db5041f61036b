import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownHosts } from '../kernel/stranger-guard.ts';
import { refuseBrowser } from './browser-guard.ts';

test('what the headers of a browser look like is refused, whatever it asks for', () => {
  for (const headers of [
    { origin: 'http://127.0.0.1:2000' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'none' },
    { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
  ])
    assert.match(
      refuseBrowser(headers, '127.0.0.1:2000', undefined) ?? '',
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
    assert.equal(refuseBrowser(headers, 'localhost:2000', undefined), undefined);
});

test('names pass that no stranger can lead here, and those that are configured', () => {
  const hosts = knownHosts('--name', ['xray.prod.example.com']);
  const own = [
    'xray.prod.example.com:2000',
    '127.0.0.1:2000',
    '[::1]:2000',
    'localhost',
    'LOCALHOST:2000',
    'xray-daemon:2000',
    'host.docker.internal:2000',
    'daemon.local',
    '',
  ];
  for (const host of own) assert.equal(refuseBrowser({}, host, hosts), undefined, host);
  for (const host of ['rebound.example.com:2000', 'a.evil.', 'localhost.evil.com', 'x.notlocal'])
    assert.match(
      refuseBrowser({}, host, hosts) ?? '',
      /not known as a name of this server.*--name /,
      host,
    );
});
