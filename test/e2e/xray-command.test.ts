/**
 * `amperage xray` as a process, started as the daemon is: datagrams in, PutTraceSegments out, its
 * log lines, its exit statuses, an outage with a kill in it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, freePort, MAIN, type Running, startProgram } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';
import { startXrayReceiver } from '../kit/xray-receiver.ts';

const WAIT_MS = 30_000;
const ENV = {
  ...BARE_AWS,
  AWS_REGION: '',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  TZ: 'UTC',
};

interface Started extends Running {
  /** The port of UDP and of TCP. */
  readonly port: number;
  readonly webPort: number;
}

async function startXray(
  context: TestContext,
  given: readonly string[],
  port?: number,
): Promise<Started> {
  const own = port ?? (await freePort());
  const webPort = await freePort();
  const address = `127.0.0.1:${own}`;
  const flags = [
    `-b=${address}`,
    '-bind-tcp',
    address,
    '-web.listen-address',
    `127.0.0.1:${webPort}`,
  ];
  const command = [MAIN, 'xray', ...flags, ...given];
  const running = await startProgram(context, process.execPath, command, webPort, '/-/ready', ENV);
  return { ...running, port: own, webPort };
}

/** A configuration file of the daemon that names the endpoint. */
function writeFile(folder: string, endpoint: string): string {
  const file = path.join(folder, 'cfg.yaml');
  const lines = [
    `Endpoint: "${endpoint}"`,
    'Region: "eu-west-1"',
    'Concurrency: 2',
    'LocalMode: true',
    'Version: 2',
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}

const documentOf = (number: number): string =>
  JSON.stringify({
    name: 'shop',
    id: number.toString(16).padStart(16, '0'),
    trace_id: `1-5f84c7a1-${number.toString(16).padStart(24, '0')}`,
    start_time: 1,
    end_time: 2,
  });

async function send(port: number, from: number, to: number): Promise<string[]> {
  const socket = createSocket('udp4');
  const documents: string[] = [];
  for (let number = from; number < to; number += 1) {
    const document = documentOf(number);
    documents.push(document);
    const datagram = Buffer.from(`{"format": "json", "version": 1}\n${document}`);
    await new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve));
  }
  socket.close();
  return documents;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runToEnd(given: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...ENV, ...env }, timeout: WAIT_MS };
    const child = execFile(
      process.execPath,
      [MAIN, 'xray', ...given],
      options,
      (_error, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

test('segments go from datagrams to X-Ray, and the log has the lines of the daemon', async (context) => {
  const xray = await startXrayReceiver(context);
  const folder = temporaryFolder(context);
  const file = writeFile(folder, xray.server.url);
  const given = ['--config', file, '-storage.path', folder];
  const daemon = await startXray(context, given);
  const { port, child, exited } = daemon;
  const output = (): string => daemon.output();
  const sent = await send(port, 0, 60);
  await until('X-Ray has all documents', WAIT_MS, () => xray.kept.length === sent.length);
  assert.deepEqual([...xray.kept].sort(), [...sent].sort());
  const [first] = xray.requests;
  assert.match(first?.request.headers['authorization'] ?? '', /\/eu-west-1\/xray\/aws4_request/);
  const checked = await runToEnd(['-t', `0.0.0.0:${port}`, '--check']);
  assert.deepEqual(checked, { status: 0, stdout: '', stderr: '' });
  child.kill('SIGTERM');
  await exited;
  assert.equal(child.exitCode, 0, output());
  for (const line of [
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \[Info\] Initializing AWS X-Ray daemon \d+\.\d+\.\d+ /m,
    /\[Info\] Using buffer memory limit of \d+ MB$/m,
    /\[Info\] Using region: eu-west-1$/m,
    /\[Info\] HTTP Proxy server using X-Ray Endpoint : http:\/\/127\.0\.0\.1:\d+$/m,
    new RegExp(`\\[Info\\] Starting proxy http server on 127\\.0\\.0\\.1:${port}$`, 'm'),
    /\[Info\] Successfully sent batch of \d+ segments \(\d+\.\d{3} seconds\)$/m,
    /\[Info\] Got shutdown signal: terminated$/m,
  ])
    assert.match(output(), line);
  assert.ok(!output().includes('shop'), 'no content of a document is in the log');
});

test('an outage with a kill in it loses no segment', async (context) => {
  const xray = await startXrayReceiver(context);
  const folder = temporaryFolder(context);
  const given = ['-c', writeFile(folder, xray.server.url), '--storage.path', folder];
  xray.answer = () => ({ status: 500, body: 'down' });
  const before = await startXray(context, given);
  const first = await send(before.port, 0, 30);
  await until('a request has failed', WAIT_MS, () => xray.requests.length > 0);
  await until('all wait in the queue', WAIT_MS, async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${before.webPort}/metrics`)).text();
    return /^queue_pending_items\{.*\} 30$/m.test(metrics);
  });
  assert.match(before.output(), /\[(?:Warn|Error)\] Sending segment batch failed with: .*500/);
  before.child.kill('SIGKILL');
  await before.exited;
  xray.answer = () => undefined;
  const after = await startXray(context, given, before.port);
  const second = await send(after.port, 30, 40);
  await until('X-Ray has all documents', WAIT_MS, () => new Set(xray.kept).size === 40);
  assert.deepEqual([...new Set(xray.kept)].sort(), [...first, ...second].sort());
});

test('a TCP port that is taken is told, and segments go on', async (context) => {
  const xray = await startXrayReceiver(context);
  const folder = temporaryFolder(context);
  const taken = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  context.after(() => taken.close());
  const given = ['-c', writeFile(folder, xray.server.url), '--storage.path', folder];
  const daemon = await startXray(context, given, port);
  assert.match(daemon.output(), /\[Error\] proxy http server failed to listen: .*--bind-tcp/);
  await send(port, 0, 1);
  await until('X-Ray has it', WAIT_MS, () => xray.kept.length === 1);
});

test('the log goes to a file, or has a form of ours', async (context) => {
  const xray = await startXrayReceiver(context);
  const folder = temporaryFolder(context);
  const logFile = path.join(folder, 'xray.log');
  const given = ['-c', writeFile(folder, xray.server.url), '--storage.path', folder];
  const daemon = await startXray(context, [...given, '-f', logFile, '-log.format=json']);
  daemon.child.kill('SIGHUP');
  await daemon.exited;
  assert.equal(daemon.output(), '');
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  const events = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.ok(events.includes('Using region: eu-west-1'));
  assert.ok(events.includes('Got shutdown signal: hangup'));
});

const ends: readonly (readonly [given: string, status: number, output: RegExp])[] = [
  ['-v', 0, /^AWS X-Ray daemon version: \d+\.\d+\.\d+ \(amperage .*\)\n$/],
  // A health check that people write for the daemon, as a command without a shell.
  ['--version || exit 1', 0, /^AWS X-Ray daemon version: /],
  ['-h', 0, /amperage xray --check/],
  ['-nope', 2, /unknown option '--nope'/],
  ['-b', 2, /argument missing/],
  ['-o=maybe', 2, /invalid boolean value "maybe" for -local-mode/],
  ['-m 2', 1, /\[Error\] Not enough Buffers Memory Allocated\. Min Buffers Memory required: 3 MB/],
  ['-o', 1, /\[Error\] Cannot fetch region variable from config file, environment/],
  [
    '-c /nonexistent.yaml',
    1,
    /\[Error\] Error occur when using config flag: open \/nonexistent\.yaml: no such file/,
  ],
  ['-n us-east-1 -b 192.0.2.1:1', 1, /\[Error\] .*192\.0\.2\.1/],
  ['-t 127.0.0.1:1 --check', 1, /127\.0\.0\.1:1 does not answer/],
];

for (const [given, status, output] of ends)
  test(`amperage xray ${given} ends with ${status}`, async (context) => {
    const storage = given.includes('-n') ? ['--storage.path', temporaryFolder(context)] : [];
    const ended = await runToEnd([...storage, ...given.split(' ')]);
    assert.match(ended.stdout + ended.stderr, output);
    assert.equal(ended.status, status);
  });

test('what is wrong with the file is on the error output and in the log file', async (context) => {
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'cfg.yaml');
  writeFileSync(file, 'ABCDE: true\nVersion: 2\n');
  const logFile = path.join(folder, 'xray.log');
  const { status, stdout, stderr } = await runToEnd(['-c', file, '-f', logFile]);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /\[Error\] ABCDE flag is invalid\. Please refer to AWS X-Ray Documentation/);
  assert.equal(readFileSync(logFile, 'utf8'), stderr);
});
