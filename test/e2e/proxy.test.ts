/**
 * `amperage proxy` as a process: what arrives at an upstream, signed and byte for byte; all kinds
 * of bodies; what must be refused; and real clients through it before the workspace and the
 * emulator: curl, promtool, Prometheus, the SDK.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ListTasksCommand, ECSClient } from '@aws-sdk/client-ecs';
import { hashSync } from 'bcryptjs';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { freePort, query, startAmperage, startProgram } from '../kit/processes.ts';
import { APS, ENV, KEYS, startProxy, startUpstream, verdictOf } from '../kit/proxies.ts';
import { listen } from '../kit/listen.ts';

const run = promisify(execFile);

test('path, query and headers arrive to the byte, signed; what belongs to a connection does not', async (context) => {
  const upstream = await startUpstream(context);
  const proxy = await startProxy(context, [
    ...APS,
    '--host',
    upstream.host,
    '-s',
    'X-Secret',
    '--duplicate-headers',
    'Authorization',
    '--custom-headers',
    'x-team=core,x-own=none,bad',
  ]);
  const { port } = new URL(proxy.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    'POST /a%2Fb//c?b=2&a=1+2&e=%7e HTTP/1.1\r\nHost: whoever\r\nConnection: close, ' +
      'X-Hop\r\nX-Hop: 1\r\nX-Secret: s\r\nX-Own: mine\r\nAuthorization: Bearer ' +
      'old\r\nX-Amz-Date: 20000101T000000Z\r\nX-Amz-Meta-A: 1\r\nX-Amz-Meta-A: ' +
      '2\r\nContent-Type: text/plain\r\nContent-MD5: x\r\nTE: trailers\r\nContent-Length: ' +
      '4\r\n\r\nbody',
  );
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  assert.match(Buffer.concat(parts).toString(), /^HTTP\/1\.1 200 OK[\s\S]*ok/);
  const [one] = upstream.arrived;
  assert.equal(one!.url, '/a%2Fb//c?b=2&a=1+2&e=%7e');
  assert.equal(one!.body.toString(), 'body');
  assert.equal(await verdictOf(one!, 'aps'), 'ok');
  const { headers } = one!;
  for (const gone of ['x-hop', 'x-secret', 'te']) assert.equal(headers[gone], undefined, gone);
  assert.equal(headers['x-original-authorization'], 'Bearer old');
  assert.equal(headers['x-own'], 'mine');
  assert.equal(headers['x-team'], 'core');
  assert.equal(headers['x-amz-meta-a'], '1, 2');
  assert.match(
    headers.authorization!,
    /SignedHeaders=content-md5;content-type;host;x-amz-date;x-amz-meta-a,/,
  );
});

test('bodies: none, empty, chunked, large, and unsigned ones that stream', async (context) => {
  const upstream = await startUpstream(context, ({ body }) => ({
    status: 200,
    body: String(body.length),
  }));
  const proxy = await startProxy(context, [
    ...APS,
    '--host',
    upstream.host,
    '--body-max-bytes',
    '9000000',
  ]);
  const post = async (body: Buffer | ReadableStream | null, url = proxy.url): Promise<string> => {
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const answer = await fetch(`${url}/x`, init);
    return answer.status === 200 ? answer.text() : String(answer.status);
  };
  const large = Buffer.alloc(8_000_000, 'a');
  const stream = (): ReadableStream =>
    new ReadableStream({
      start(controller) {
        for (let i = 0; i < 30; i++) controller.enqueue(new Uint8Array(100_000).fill(65));
        controller.close();
      },
    });
  assert.equal(await post(null), '0');
  assert.equal(await post(Buffer.alloc(0)), '0');
  assert.equal(await post(stream()), '3000000');
  assert.equal(await post(large), '8000000');
  assert.equal(await post(Buffer.alloc(9_000_001)), '413');
  for (const one of upstream.arrived) {
    assert.equal(await verdictOf(one, 'aps'), 'ok');
    assert.equal(one.headers['transfer-encoding'], undefined);
  }
  const unsigned = await startProxy(context, [
    ...APS,
    '--host',
    upstream.host,
    '--unsigned-payload',
  ]);
  assert.equal(await post(stream(), unsigned.url), '3000000');
  assert.equal(upstream.arrived.at(-1)!.headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD');
  assert.equal(await verdictOf(upstream.arrived.at(-1)!, 'aps'), 'ok');
});

test('a stale token and a wrong clock are corrected once; other refusals are passed on', async (context) => {
  let fault: { status: number; headers?: Record<string, string>; body: string } | undefined;
  const upstream = await startUpstream(context, () => {
    const now = fault;
    fault = undefined;
    return now ?? { status: 200, body: 'ok' };
  });
  const proxy = await startProxy(context, [...APS, '--host', upstream.host]);
  const get = async (): Promise<string> => {
    const answer = await fetch(`${proxy.url}/x`, { method: 'POST', body: 'again' });
    return `${answer.status} ${await answer.text()}`;
  };
  fault = { status: 403, body: 'AccessDenied: not allowed' };
  assert.equal(await get(), '403 AccessDenied: not allowed');
  const later = new Date(Date.now() + 3_600_000).toUTCString();
  fault = { status: 403, headers: { date: later }, body: 'Signature expired: is now earlier' };
  assert.equal(await get(), '200 ok');
  const date = upstream.arrived.at(-1)!.headers['x-amz-date'] as string;
  const hour = new Date(Date.now() + 3_600_000).toISOString().slice(0, 13).replaceAll('-', '');
  assert.ok(date.startsWith(hour), `${date} ${hour}`);
  assert.equal(upstream.arrived.at(-1)!.body.toString(), 'again');
});

test('what cannot be signed is refused with a remedy', async (context) => {
  const proxy = await startProxy(context, []);
  const at = async (headers: Record<string, string>): Promise<string> =>
    new Promise((resolve, reject) => {
      const url = new URL(proxy.url);
      const request = httpRequest({ port: url.port, host: url.hostname, headers }, (answer) => {
        let text = String(answer.statusCode);
        answer.on('data', (part: Buffer) => (text += ` ${part.toString()}`));
        answer.on('end', () => resolve(text));
      });
      request.on('error', reject);
      request.end();
    });
  assert.match(
    await at({ host: 'example.com' }),
    /^502 example\.com does not name its service; set --name/,
  );
  const dead = await startProxy(context, [...APS, '--host', '127.0.0.1:1']);
  assert.match(await (await fetch(dead.url)).text(), /^unable to proxy request - /);
  const port = await freePort();
  const main = path.resolve(import.meta.dirname, '../../src/main.ts');
  const circle = [
    '--port',
    `127.0.0.1:${port}`,
    '--host',
    `127.0.0.1:${port}`,
    '--upstream-url-scheme',
    'http',
    ...APS,
  ];
  const admin = await freePort();
  await startProgram(
    context,
    process.execPath,
    [main, 'proxy', ...circle, '--web.listen-address', `127.0.0.1:${admin}`],
    admin,
    '/-/ready',
    ENV,
  );
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 508);
});

test('routes choose upstream, service and region, and are reloaded', async (context) => {
  const [one, two] = [await startUpstream(context), await startUpstream(context)];
  const file = path.join(temporaryFolder(context), 'routes.yml');
  const routes = (first: string): string =>
    `routes:\n  - { path: /aps/, strip_path: true, upstream: 'http://${first}', service: ` +
    `aps, region: eu-west-1 }\n  - { upstream: 'http://${two.host}', service: execute-api, ` +
    `region: us-east-1 }\n`;
  writeFileSync(file, routes(one.host));
  const proxy = await startProxy(context, ['--config.file', file]);
  await fetch(`${proxy.url}/aps/labels`);
  await fetch(`${proxy.url}/other`);
  assert.equal(one.arrived[0]!.url, '/labels');
  assert.equal(await verdictOf(one.arrived[0]!, 'aps', 'eu-west-1'), 'ok');
  assert.equal(await verdictOf(two.arrived[0]!, 'execute-api'), 'ok');
  writeFileSync(file, 'routes: none\n');
  proxy.admin.child.kill('SIGHUP');
  await until('a complaint', 5_000, () =>
    proxy.admin.output().includes('the routes could not be read again'),
  );
  await fetch(`${proxy.url}/aps/labels`);
  assert.equal(one.arrived.length, 2);
  writeFileSync(file, routes(two.host));
  proxy.admin.child.kill('SIGHUP');
  await until('new routes', 5_000, () => proxy.admin.output().includes('routes were read again'));
  await fetch(`${proxy.url}/aps/labels`);
  assert.equal(two.arrived.length, 2);
});

test('requests under way end before the process does', async (context) => {
  const upstream = createServer((_incoming, outgoing) => {
    outgoing.writeHead(200);
    outgoing.write('first ');
    setTimeout(() => outgoing.end('last'), 700);
  });
  const { host } = await listen(context, upstream);
  const proxy = await startProxy(context, [...APS, '--host', host]);
  const answer = await fetch(proxy.url);
  proxy.admin.child.kill('SIGTERM');
  assert.equal(await answer.text(), 'first last');
  await proxy.admin.exited;
  assert.equal(proxy.admin.child.exitCode, 0);
});

test('behind TLS, basic auth or a unix socket', async (context) => {
  const upstream = await startUpstream(context);
  const folder = temporaryFolder(context);
  const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const pair = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '1'];
  await run('openssl', ['req', '-x509', ...pair, ...subject]);
  const hash = hashSync('secret', 4);
  const web = path.join(folder, 'web.yml');
  writeFileSync(
    web,
    `tls_server_config: { cert_file: ${cert}, key_file: ${key} }\nbasic_auth_users: { me: ` +
      `'${hash}' }\n`,
  );
  const secure = await startProxy(context, [
    ...APS,
    '--host',
    upstream.host,
    '--web.config.file',
    web,
  ]);
  const url = secure.url.replace('http:', 'https:');
  const curl = async (...flags: string[]): Promise<string> =>
    (await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', ...flags])).stdout;
  assert.equal(await curl('--cacert', cert, url), '401');
  assert.equal(await curl('--cacert', cert, '-u', 'me:secret', url), '200');
  const socket = path.join(folder, 'proxy.sock');
  const port = await freePort();
  const main = path.resolve(import.meta.dirname, '../../src/main.ts');
  const flags = ['--port', `unix:${socket}`, '--web.listen-address', `127.0.0.1:${port}`];
  await startProgram(
    context,
    process.execPath,
    [main, 'proxy', ...flags, '--upstream-url-scheme', 'http', ...APS, '--host', upstream.host],
    port,
    '/-/ready',
    ENV,
  );
  assert.equal(await curl('--unix-socket', socket, 'http://any/'), '200');
  // Neither the socket of a running proxy nor a file of another kind is removed.
  for (const taken of [socket, cert])
    await assert.rejects(
      run(process.execPath, [main, 'proxy', '--port', `unix:${taken}`], { timeout: 10_000 }),
      /and stays; choose another --port/,
    );
  assert.equal(await curl('--unix-socket', socket, 'http://any/'), '200');
  assert.equal(await verdictOf(upstream.arrived.at(-1)!, 'aps'), 'ok');
  assert.equal(upstream.arrived.at(-1)!.headers.authorization?.startsWith('AWS4'), true);
});

test('curl, promtool, Prometheus and the SDK reach the strict workspace and the emulator through it', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus', 'promtool');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const workspace = await startAmperage(
    context,
    'workspace',
    ['--storage.path', path.join(folder, 'data'), '--strict'],
    {
      WORKSPACE_ACCESS_KEY: KEYS.accessKeyId,
      WORKSPACE_SECRET_KEY: KEYS.secretAccessKey,
    },
  );
  const store = '/workspaces/ws-local';
  const proxy = await startProxy(context, [...APS, '--host', new URL(workspace.url).host]);
  const config = path.join(folder, 'prometheus.yml');
  const port = await freePort();
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: itself, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }]
remote_write: [{ url: '${proxy.url}${store}/api/v1/remote_write', queue_config: { batch_send_deadline: 300ms } }]
`,
  );
  await startProgram(
    context,
    peers.prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
  await until(
    'samples',
    20_000,
    async () => (await query(`${proxy.url}${store}`, 'up')).length > 0,
  );
  const { stdout: up } = await run(peers.promtool, [
    'query',
    'instant',
    `${proxy.url}${store}`,
    'up',
  ]);
  assert.match(up, /up\{.*job="itself"\} => 1/);
  const curl = ['-s', '-x', proxy.url, `http://ignored.example${store}/api/v1/labels`];
  const { stdout } = await run('curl', curl);
  assert.match(stdout, /"status":"success"/);
  const aws = await startEmulatedAws();
  context.after(() => aws.close());
  aws.account.ecs.createCluster('demo');
  const forward = await startProxy(
    context,
    ['--name', 'ecs', '--region', 'us-east-1', '--host', new URL(aws.url).host],
    {
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    },
  );
  const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };
  const ecs = new ECSClient({
    endpoint: forward.url,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  });
  const answer = await ecs.send(new ListTasksCommand({ cluster: 'demo' }));
  assert.deepEqual(answer.taskArns, []);
  ecs.destroy();
  const metrics = await (await fetch(`${proxy.admin.url}/metrics`)).text();
  assert.match(metrics, /proxy_requests_total\{status="200"\} [1-9]/);
});
