import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { isAmong, refuseStranger, type StrangerRules } from './stranger-guard.ts';

const rules: StrangerRules = { isKnownHost: isAmong(['Metrics.example.com']), hostFlag: '--name' };
const status = (
  headers: IncomingHttpHeaders,
  {
    method = 'POST',
    url = '/',
    more = {},
  }: { method?: string; url?: string; more?: StrangerRules } = {},
): number | undefined => refuseStranger({ method, url, headers }, { ...rules, ...more })?.status;

test('addresses, private and known names pass, others are refused with the flag for them', () => {
  for (const host of [
    '127.0.0.1:9090',
    '[::1]:9090',
    'localhost',
    'collector',
    'collector.prod.internal:80',
    'a.localhost',
    'metrics.example.com:9090',
    'METRICS.example.com',
    '',
  ])
    // prettier-ignore
    assert.equal(status({ host }), undefined, host);
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:9090'])
    for (const method of ['GET', 'POST']) assert.equal(status({ host }, { method }), 403, host);
  const refusal = refuseStranger({ headers: { host: 'evil.example:1' } }, rules);
  assert.match(refusal?.words ?? '', /evil\.example is not known.*--name evil\.example/);
  assert.equal(status({ host: 'evil.example' }, { more: { isKnownHost: undefined } }), undefined);
});

test('what changes or signs something is refused to pages of other origins, and to no program', () => {
  const host = '127.0.0.1:9090';
  const foreign: IncomingHttpHeaders[] = [
    { host, origin: 'http://evil.example' },
    { host, origin: 'null' },
    { host, origin: 'http://127.0.0.1:9091' },
    { host, 'sec-fetch-site': 'cross-site' },
    { host, 'sec-fetch-site': 'same-site', origin: `http://${host}` },
  ];
  const own: IncomingHttpHeaders[] = [
    { host },
    { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
    { host, 'sec-fetch-site': 'none' },
  ];
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    for (const headers of foreign) assert.equal(status(headers, { method }), 403);
    for (const headers of own) assert.equal(status(headers, { method }), undefined);
  }
  for (const headers of foreign) {
    assert.equal(status(headers, { method: 'GET' }), undefined, 'its answer is not read');
    assert.equal(status(headers, { method: 'GET', more: { isSigning: true } }), 403);
  }
});

test('of a whole URL, as a forward proxy is asked for, the host is no name of the listener', () => {
  const url = 'http://search.example.com/a';
  const host = 'search.example.com';
  assert.equal(status({ host }, { url }), undefined);
  assert.equal(status({ host, origin: 'http://evil.example' }, { url }), 403);
});
