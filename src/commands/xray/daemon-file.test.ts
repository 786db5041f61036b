/** The cases are those of the daemon's own tests (pkg/cfg/cfg_test.go), and what they leave out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DaemonRefusal, readDaemonFile } from './daemon-file.ts';

const WHOLE = `
Socket:
  UDPAddress: "127.0.0.1:2000"
  TCPAddress : "127.0.0.2:3000"
TotalBufferSizeMB: 16
Region: "us-east-1"
Endpoint: "https://xxxx.xxxx.com"
ResourceARN: ""
RoleARN: ""
Concurrency: 8
Logging:
  LogRotation: true
  LogPath: ""
  LogLevel: "prod"
NoVerifySSL: false
LocalMode: false
ProxyAddress: ""
Version: 2`;

test('the file of the image is read whole; empty texts are absent', () =>
  assert.deepEqual(readDaemonFile(WHOLE, true), {
    values: {
      'Socket.UDPAddress': '127.0.0.1:2000',
      'Socket.TCPAddress': '127.0.0.2:3000',
      TotalBufferSizeMB: 16,
      Region: 'us-east-1',
      Endpoint: 'https://xxxx.xxxx.com',
      Concurrency: 8,
      'Logging.LogRotation': true,
      'Logging.LogLevel': 'prod',
      NoVerifySSL: false,
      LocalMode: false,
      Version: 2,
    },
    ignored: [],
  }));

const refused: readonly (readonly [text: string, message: RegExp])[] = [
  ['Region: "us-east-2"\nConcurrency: 8', /^Config Version is missing\. Use X-Ray Daemon Config M/],
  ['', /^Config Version Setting is not correct\./],
  ['Version: 10000', /^Config Version Setting is not correct\./],
  ['Version: 0', /^Config Version Setting is not correct\./],
  ['MemoryLimit: 8\nVersion: 2', /^MemoryLimit flag is not supported\. Use X-Ray Daemon Config M/],
  ['LogRotation: true\nVersion: 2', /^LogRotation flag is not supported\. Use/],
  ['Socket:\n  BufferSizeKB: 128\nVersion: 2', /^Socket\.BufferSizeKB flag is not supported any m/],
  ['Processor:\n  Region: ""\nVersion: 2', /^Processor\.Region flag is not supported\. Use X-Ray/],
  ['Profile:\n  CPU: a\nVersion: 2', /^Profile\.CPU flag is not supported any more\. Please refer/],
  ['ABCDE: true\nVersion: 2', /^ABCDE flag is invalid\. Please refer to AWS X-Ray Documentation/],
  ['Socket:\nVersion: 2', /^Socket flag is invalid\./],
  ['region: us-east-1\nVersion: 2', /^region flag is invalid\./],
  [
    'TotalBufferSizeMB: NotExist\nVersion: 2',
    /using config flag: yaml: unmarshal errors:\n {2}line 1: cannot unmarshal string `NotExist` into int/,
  ],
  ['Version: 2\nLocalMode: 1', /line 2: cannot unmarshal number `1` into bool/],
  ['Version: "2"', /cannot unmarshal string `2` into int/],
  ['Version: 2\nRegion: [a]', /line 2: cannot unmarshal map or list into string/],
  ['Version: 2\n  Region: a\n b', /^Error occur when using config flag: yaml: line \d+: /],
  ['- a', /^Error occur when using config flag: yaml: the file is not a mapping/],
  ['Version: 2\nSocket: 1', /^Socket flag is invalid\./],
];

for (const [text, message] of refused)
  test(`refused: ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => readDaemonFile(text, true),
      (error) =>
        error instanceof DaemonRefusal && message.test(error.message) && error.status === 1,
    ));

test('a file in a default place may have keys that do not exist; they are told', () =>
  assert.deepEqual(readDaemonFile('Version: 1\nABCDE: true\nSocket:\n  A: 1\nRegion: a', false), {
    values: { Version: 1, Region: 'a' },
    ignored: ['ABCDE', 'Socket.A'],
  }));

test('keys of the proxy server are known to the daemon and have no effect', () =>
  assert.deepEqual(readDaemonFile('proxyserver:\n  maxidleconns: 1\nVersion: 2', true), {
    values: { Version: 2 },
    ignored: ['proxyserver.maxidleconns'],
  }));

test('words of YAML 1.1 are switches, numbers are texts, the last of two keys counts', () =>
  assert.deepEqual(
    readDaemonFile('Version: 2\nLocalMode: yes\nRegion: 7\nRoleARN: a\nRoleARN: b', true).values,
    { Version: 2, LocalMode: true, Region: '7', RoleARN: 'b' },
  ));

test('an anchor is followed', () =>
  assert.deepEqual(
    readDaemonFile('Region: &r us-east-1\nResourceARN: *r\nVersion: 2', true).values,
    { Region: 'us-east-1', ResourceARN: 'us-east-1', Version: 2 },
  ));
