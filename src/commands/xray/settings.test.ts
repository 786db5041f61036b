import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonFile } from './daemon-file.ts';
import { type DaemonFlags, type DaemonSettings, resolveSettings } from './settings.ts';

const MACHINE = { memoryBytes: 8 * 2 ** 30, hasIpv6: false };

function resolve(
  flags: DaemonFlags,
  file: DaemonFile = {},
  env: Record<string, string> = {},
  machine = MACHINE,
): DaemonSettings {
  return resolveSettings(flags, file, env, machine);
}

test("without anything, the defaults are the daemon's", () =>
  assert.deepEqual(resolve({}), {
    udpAddress: '127.0.0.1:2000',
    tcpAddress: '127.0.0.1:2000',
    bufferMb: 81,
    concurrency: 8,
    region: undefined,
    endpoint: undefined,
    roleArn: undefined,
    resourceArn: undefined,
    proxyUrl: undefined,
    isLocal: false,
    skipsVerification: false,
    log: { level: 'info', file: undefined, rotates: true },
  }));

test('a flag is before the file, the file before the environment', () => {
  const file: DaemonFile = {
    'Socket.UDPAddress': '1.1.1.1:1',
    'Socket.TCPAddress': '1.1.1.1:2',
    TotalBufferSizeMB: 5,
    Region: 'of-file',
    RoleARN: 'file-role',
    ResourceARN: 'file-resource',
    ProxyAddress: 'http://file:1',
    LocalMode: true,
    'Logging.LogLevel': 'warn',
    'Logging.LogPath': '/file.log',
  };
  const env = { AWS_REGION: 'of-environment' };
  const flags: DaemonFlags = {
    bind: '2.2.2.2:1',
    bindTcp: '2.2.2.2:2',
    bufferMemory: '7',
    region: 'of-flag',
    roleArn: 'flag-role',
    resourceArn: 'flag-resource',
    proxyAddress: 'http://flag:1',
    localMode: 'false',
    logLevel: 'error',
    logFile: '/flag.log',
  };
  const shown = ({ udpAddress, tcpAddress, bufferMb, region, ...rest }: DaemonSettings) => [
    udpAddress,
    tcpAddress,
    bufferMb,
    region,
    rest.roleArn,
    rest.resourceArn,
    rest.proxyUrl,
    rest.isLocal,
    rest.log.level,
    rest.log.file,
  ];
  assert.deepEqual(shown(resolve(flags, file, env)), [
    '2.2.2.2:1',
    '2.2.2.2:2',
    7,
    'of-flag',
    'flag-role',
    'flag-resource',
    'http://flag:1',
    false,
    'error',
    '/flag.log',
  ]);
  assert.deepEqual(shown(resolve({}, file, env)), [
    '1.1.1.1:1',
    '1.1.1.1:2',
    5,
    'of-file',
    'file-role',
    'file-resource',
    'http://file:1',
    true,
    'warn',
    '/file.log',
  ]);
  assert.equal(resolve({}, {}, env).region, 'of-environment');
});

test('an empty flag unsets what the file has', () => {
  const settings = resolve(
    { region: '', roleArn: '', logFile: '', proxyAddress: '' },
    { Region: 'a', RoleARN: 'b', 'Logging.LogPath': 'c', ProxyAddress: 'http://d:1' },
    { AWS_REGION: 'e' },
  );
  const { region, roleArn, log, proxyUrl } = settings;
  assert.deepEqual([region, roleArn, log.file, proxyUrl], ['e', undefined, undefined, undefined]);
});

test("levels of the log are the daemon's; a word that is none changes nothing", () => {
  const level = (flag: string, file?: string): string =>
    resolve({ logLevel: flag }, file === undefined ? {} : { 'Logging.LogLevel': file }).log.level;
  assert.deepEqual(
    ['dev', 'debug', 'info', 'warn', 'error', 'prod', 'loud', 'toString'].map((word) =>
      level(word),
    ),
    ['debug', 'debug', 'info', 'warn', 'error', 'info', 'info', 'info'],
  );
  assert.equal(level('loud', 'error'), 'error');
});

test('an address without a host is that of all interfaces, as in Go', () => {
  assert.equal(resolve({ bind: ':2000' }).udpAddress, '0.0.0.0:2000');
  const machine = { ...MACHINE, hasIpv6: true };
  assert.equal(resolve({ bindTcp: ':2000' }, {}, {}, machine).tcpAddress, '[::]:2000');
  assert.equal(resolve({ bind: '[::1]:2000' }).udpAddress, '[::1]:2000');
  assert.equal(resolve({ bind: 'localhost:2000' }).udpAddress, 'localhost:2000');
});

test('the buffer is 1% of the memory, at least 16 MB, or what is given', () => {
  const small = { ...MACHINE, memoryBytes: 512 * 2 ** 20 };
  assert.equal(resolve({}, {}, {}, small).bufferMb, 16);
  assert.equal(resolve({ bufferMemory: '0' }, { TotalBufferSizeMB: 9 }).bufferMb, 81);
  assert.equal(resolve({ bufferMemory: '3' }).bufferMb, 3);
  assert.equal(resolve({ bufferMemory: '0x10' }).bufferMb, 16);
});

const refused: readonly (readonly [DaemonFlags, DaemonFile, RegExp, 1 | 2])[] = [
  [{ bufferMemory: '2' }, {}, /^Not enough Buffers Memory Allocated\. Min .* required: 3 MB\.$/, 1],
  [{}, { TotalBufferSizeMB: 1 }, /^Not enough Buffers Memory Allocated/, 1],
  [{ bufferMemory: 'x' }, {}, /^invalid value "x" for flag -buffer-memory$/, 2],
  [{ localMode: 'yes' }, {}, /^invalid boolean value "yes" for -local-mode$/, 2],
  [{ bind: '2000' }, {}, /^address 2000: write host:port$/, 1],
  [{}, { 'Socket.TCPAddress': 'a:b' }, /^address a:b/, 1],
  [{ proxyAddress: '127.0.0.1:8080' }, {}, /^Bad proxy URL/, 1],
  [{ proxyAddress: 'proxy.local:8080' }, {}, /^Bad proxy URL/, 1],
  [{}, { Endpoint: 'xray.local' }, /^Bad endpoint URL/, 1],
];

for (const [flags, file, message, status] of refused)
  test(`refused: ${JSON.stringify({ ...flags, ...file })}`, () =>
    assert.throws(() => resolve(flags, file), { message, status }));

test('a password in a proxy is not shown', () =>
  assert.throws(
    () => resolve({ proxyAddress: 'ftp://u:secret@h:1' }),
    (error: Error) => {
      assert.ok(!error.message.includes('secret'));
      return true;
    },
  ));
