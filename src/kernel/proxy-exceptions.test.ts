import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProxyExceptions } from './proxy-exceptions.ts';

/** The hosts of NO_PROXY → hosts that it excepts, and hosts that it does not. */
const ROWS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['', ['localhost', '127.0.0.1', '127.8.0.1', '::1', 'LOCALHOST'], ['a.test', '10.0.0.1']],
  ['*', ['a.test', '10.0.0.1'], []],
  ['a.test', ['a.test', 'b.a.test', 'A.TEST', 'a.test.'], ['ba.test', 'a.test.b']],
  ['.a.test', ['b.a.test'], ['a.test']],
  ['*.a.test', ['b.a.test'], ['a.test']],
  ['a.test:443', ['a.test:443'], ['a.test:80']],
  ['10.0.0.1, b.test', ['10.0.0.1', 'b.test'], ['10.0.0.2']],
  ['10.0.0.1:80', ['10.0.0.1:80'], ['10.0.0.1:81']],
  ['10.0.0.0/8,fd00::/8', ['10.200.3.4', 'fd00::7'], ['11.0.0.1', 'fe80::1', '10.test']],
  ['10.0.0.0/99', [], ['10.0.0.1']],
  ['fd00::7', ['fd00::7'], ['fd00::8']],
];

for (const [list, excepted, others] of ROWS)
  test(`NO_PROXY=${list}`, () => {
    const isExcepted = readProxyExceptions(list);
    const ask = (host: string): boolean => {
      const [, name = host, port = '443'] = /^([^:]+):(\d+)$/.exec(host) ?? [];
      return isExcepted({ name, port: Number(port) });
    };
    for (const host of excepted) assert.equal(ask(host), true, host);
    for (const host of others) assert.equal(ask(host), false, host);
  });
