import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { knownHosts, refuseStranger, type StrangerRules } from './stranger-guard.ts';

const rules: StrangerRules = knownHosts('--name', ['Metrics.example.com']);
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
    'internal-shop-1234.us-east-1.elb.amazonaws.com:4318',
    'shop-0123.elb.eu-west-1.amazonaws.com',
    'ec2-198-51-100-1.compute-1.amazonaws.com',
    'ec2-198-51-100-1.eu-west-1.compute.amazonaws.com',
    'metrics.example.com:9090',
    'METRICS.example.com',
    '',
  ])
    // prettier-ignore
    assert.equal(status({ host }), undefined, host);
  for (const host of [
    'evil.example',
    'a.elb.amazonaws.com.evil.example',
    'evil.s3.amazonaws.com',
    'localhost.evil.example',
    '127.0.0.1.evil.example:9090',
  ])
    for (const method of ['GET', 'POST']) assert.equal(status({ host }, { method }), 403, host);
  const refusal = refuseStranger({ headers: { host: 'evil.example:1' } }, rules);
  assert.match(refusal?.words ?? '', /evil\.example is not known.*--name evil\.example/);
  assert.equal(refuseStranger({ headers: { host: 'evil.example' } }, {})?.status, 403);
  assert.equal(refuseStranger({ headers: { host: 'collector:9090' } }, {}), undefined);
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
    assert.equal(status(headers, { more: { isOpen: true } }), undefined, 'its routes judge');
  }
});

test('of a whole URL, as a forward proxy is asked for, the host is no name of the listener', () => {
  const url = 'http://search.example.com/a';
  const host = 'search.example.com';
  assert.equal(status({ host }, { url }), undefined);
  assert.equal(status({ host, origin: 'http://evil.example' }, { url }), 403);
});
