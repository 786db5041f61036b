import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../kernel/errors.ts';
import { readDaemonAddress } from './tracing.ts';

const AWS_XRAY_DAEMON_ADDRESS = 'tcp:10.0.0.2:2001 udp:10.0.0.2:2000';

test('traces are off without an address; the flag comes before the variable', () => {
  assert.equal(readDaemonAddress({}, {}), undefined);
  assert.equal(readDaemonAddress({}, { AWS_XRAY_DAEMON_ADDRESS: '' }), undefined);
  assert.deepEqual(readDaemonAddress({}, { AWS_XRAY_DAEMON_ADDRESS }), {
    udp: { host: '10.0.0.2', port: 2000 },
    tcp: { host: '10.0.0.2', port: 2001 },
  });
  const flags = { 'xray.daemonAddress': 'udp:[::1]:9' };
  assert.deepEqual(readDaemonAddress(flags, { AWS_XRAY_DAEMON_ADDRESS }), {
    udp: { host: '::1', port: 9 },
    tcp: undefined,
  });
});

test('a malformed address, one without UDP, and sampling of nothing are errors by name', () => {
  for (const [flags, env, message] of [
    [{ 'xray.daemonAddress': 'x' }, {}, /^--xray\.daemon-address: address of the X-Ray daemon "x"/],
    [{}, { AWS_XRAY_DAEMON_ADDRESS: 'udp:a:0' }, /^AWS_XRAY_DAEMON_ADDRESS: .* port outside/],
    [{}, { AWS_XRAY_DAEMON_ADDRESS: 'tcp:a:1' }, /names no UDP address.*add udp:host:port/],
    [{ 'xray.sampleAll': true }, {}, /^--xray\.sample-all needs --xray\.daemon-address or /],
  ] as const)
    assert.throws(
      () => readDaemonAddress(flags, env),
      (error) => error instanceof ConfigError && message.test(error.message),
      String(message),
    );
});
