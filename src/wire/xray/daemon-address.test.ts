import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatEndpoint, parseDaemonAddress } from './daemon-address.ts';

const at = (host: string, port: number) => ({ host, port });

test('an address without a scheme is that of both', () => {
  for (const [text, endpoint] of [
    ['127.0.0.1:2000', at('127.0.0.1', 2000)],
    ['  xray-daemon.local:2000 ', at('xray-daemon.local', 2000)],
    ['collector_1:65535', at('collector_1', 65_535)],
    ['tcp.example.com:1', at('tcp.example.com', 1)],
    ['[::1]:2000', at('::1', 2000)],
    ['[fe80::1%eth0]:2000', at('fe80::1%eth0', 2000)],
    ['[2001:db8::2:1]:2000', at('2001:db8::2:1', 2000)],
  ] as const)
    assert.deepEqual(parseDaemonAddress(text), { udp: endpoint, tcp: endpoint }, text);
});

test('each of the two may have an address of its own, in either order', () => {
  const both = { tcp: at('a.example', 2001), udp: at('10.0.0.2', 2000) };
  for (const text of [
    'tcp:a.example:2001 udp:10.0.0.2:2000',
    'udp:10.0.0.2:2000 tcp:a.example:2001',
    ' UDP:10.0.0.2:2000   TCP:a.example:2001',
  ])
    assert.deepEqual(parseDaemonAddress(text), both, text);
  assert.deepEqual(parseDaemonAddress('tcp:[::1]:1 udp:[::2]:2'), {
    tcp: at('::1', 1),
    udp: at('::2', 2),
  });
});

test('one of the two alone leaves the other out', () => {
  assert.deepEqual(parseDaemonAddress('udp:10.0.0.2:2000'), { udp: at('10.0.0.2', 2000) });
  assert.deepEqual(parseDaemonAddress('tcp:[::1]:2000'), { tcp: at('::1', 2000) });
});

test('a malformed address is refused with what is wrong and the forms there are', () => {
  for (const [text, what] of [
    ['', 'is empty'],
    ['   ', 'is empty'],
    ['127.0.0.1', 'not host:port'],
    [':2000', 'no host'],
    ['localhost:', 'not host:port'],
    ['localhost:0', 'port outside'],
    ['localhost:65536', 'port outside'],
    ['localhost:2000x', 'not host:port'],
    ['localhost:-1', 'not host:port'],
    ['http://localhost:2000', 'not host:port'],
    ['::1:2000', 'not host:port'],
    ['[::g]:2000', 'not an IPv6'],
    ['[127.0.0.1]:2000', 'not an IPv6'],
    ['[]:2000', 'not an IPv6'],
    ['[::1%]:2000', 'not an IPv6'],
    ['256.0.0.1:2000', 'not a host name'],
    ['1.2.3:2000', 'not a host name'],
    ['a..b:2000', 'not a host name'],
    ['-a:2000', 'not a host name'],
    [`${'a'.repeat(64)}:2000`, 'not a host name'],
    ['udp:2000', 'not host:port'],
    ['udp::2000', 'no host'],
    ['udp:a:1 udp:b:2', 'udp: twice'],
    ['tcp:a:1 b:2', 'without tcp: or udp:'],
    ['a:1 b:2', 'without tcp: or udp:'],
    ['tcp:a:1 udp:b:2 udp:c:3', 'more than two parts'],
    ['tcp:a:1,udp:b:2', 'not host:port'],
  ] as const) {
    const refusal = parseDaemonAddress(text);
    assert.equal(typeof refusal, 'string', text);
    assert.ok((refusal as string).includes(what), `${text}: ${JSON.stringify(refusal)}`);
    assert.ok((refusal as string).includes('write host:port'), text);
  }
});

test('a control character in the text cannot reach a log as itself', () => {
  const refusal = parseDaemonAddress('a\u001b[31m:2000');
  assert.ok(typeof refusal === 'string' && !refusal.includes('\u001b'), JSON.stringify(refusal));
});

test('an endpoint is written as it is read', () => {
  for (const text of ['a.example:2000', '10.0.0.2:1', '[2001:db8::1]:2000']) {
    const parsed = parseDaemonAddress(text);
    assert.ok(typeof parsed !== 'string' && parsed.udp !== undefined);
    assert.equal(formatEndpoint(parsed.udp), text);
  }
});
