/**
 * The running proxy in trouble: connections and clients that break off, clocks that differ, hosts
 * and paths that must not be reached, limits of what it keeps, and a listener whose certificate is
 * renewed.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer as createTcpServer } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { hashSync } from 'bcryptjs';
import { temporaryFolder } from '../kit/folder.ts';
import { until } from '../kit/waiting.ts';
import { APS, ENV, KEYS, startProxy, startUpstream, verdictOf } from '../kit/proxies.ts';
import { listen } from '../kit/listen.ts';

const run = promisify(execFile);

/** Makes a certificate for some names, in files. */
async function certificate(
  folder: string,
  names: string,
  common = 'localhost',
): Promise<{ cert: string; key: string }> {
  const [cert, key] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const subject = ['-subj', `/CN=${common}`, '-addext', `subjectAltName=${names}`];
  const pair = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '1'];
  await run('openssl', ['req', '-x509', ...pair, ...subject]);
  return { cert, key };
}

test('over TLS the certificate is the upstream’s own, whatever host is signed', async (context) => {
  const { cert, key } = await certificate(temporaryFolder(context), 'DNS:localhost,IP:127.0.0.1');
  const [certText, keyText] = await Promise.all([cert, key].map((file) => run('cat', [file])));
  const hosts: (string | undefined)[] = [];
  const upstream = createTlsServer(
    { cert: certText!.stdout, key: keyText!.stdout },
    (incoming, outgoing) => {
      hosts.push(incoming.headers.host);
      outgoing.end('ok');
    },
  );
  const { port } = await listen(context, upstream);
  context.after(() => upstream.closeAllConnections());
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
    const proxy = await startProxy(
      context,
      [...APS, '--host', `https://${host}`, '--sign-host', 'aps.example.com'],
      { ...ENV, NODE_EXTRA_CA_CERTS: cert },
    );
    assert.equal(await (await fetch(proxy.url)).text(), 'ok', host);
  }
  assert.deepEqual(hosts, ['aps.example.com', 'aps.example.com']);
});

test('each upstream has a clock of its own', async (context) => {
  const later = new Date(Date.now() + 3_600_000).toUTCString();
  const skewed = await startUpstream(context, (_one, count) =>
    count === 1
      ? { status: 403, headers: { date: later }, body: 'Signature expired: is now earlier' }
      : { status: 200, body: 'ok' },
  );
  const right = await startUpstream(context);
  const file = path.join(temporaryFolder(context), 'routes.yml');
  const route = (at: string, host: string): string =>
    `  - { path: ${at}, upstream: 'http://${host}', service: aps, region: us-east-1 }\n`;
  writeFileSync(file, `routes:\n${route('/skewed', skewed.host)}${route('/right', right.host)}`);
  const proxy = await startProxy(context, ['--config.file', file]);
  for (const at of ['/skewed', '/right', '/skewed'])
    assert.equal((await fetch(proxy.url + at)).status, 200);
  assert.equal(skewed.arrived.length, 3);
  assert.equal(await verdictOf(right.arrived[0]!, 'aps'), 'ok');
  assert.match(await verdictOf(skewed.arrived[2]!, 'aps'), /not yet current/);
});

/**
 * Starts an upstream that answers the first request of a connection and closes it at the second.
 */
async function startForgetful(context: TestContext): Promise<{ host: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createTcpServer((socket) => {
    let count = 0;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const line = bytes.toString().split('\r\n')[0]!;
      if (!line.endsWith('HTTP/1.1')) return;
      seen.push(line);
      count += 1;
      if (count > 1) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const { host } = await listen(context, server);
  return { host, seen };
}

test('a lost idle connection costs no answer where the request may be repeated', async (context) => {
  const upstream = await startForgetful(context);
  const proxy = await startProxy(context, [...APS, '--host', upstream.host]);
  const write = `${proxy.url}/workspaces/ws-local/api/v1/remote_write`;
  for (let i = 0; i < 4; i++)
    assert.equal((await fetch(write, { method: 'POST', body: 'a sample' })).status, 200);
  const metrics = await (await fetch(`${proxy.admin.url}/metrics`)).text();
  assert.match(metrics, /proxy_retried_total 3/);
  // A message sent twice is two messages, so the client must decide.
  const queue = await startForgetful(context);
  const sqs = await startProxy(context, [
    '--name',
    'sqs',
    '--region',
    'us-east-1',
    '--host',
    queue.host,
  ]);
  const post = async (): Promise<number> =>
    (await fetch(sqs.url, { method: 'POST', body: 'a message' })).status;
  assert.deepEqual([await post(), await post()], [200, 502]);
  assert.equal(queue.seen.length, 2);
  // A workspace is not created twice either, though its service is AMP's too.
  const control = await startForgetful(context);
  const aps = await startProxy(context, [...APS, '--host', control.host]);
  const make = async (): Promise<number> =>
    (await fetch(`${aps.url}/workspaces`, { method: 'POST', body: '{}' })).status;
  assert.deepEqual([await make(), await make()], [200, 502]);
});

test('a client that stalls in its body gets a 408 and is cut off', async (context) => {
  const upstream = await startUpstream(context);
  const flags = [...APS, '--host', upstream.host, '--client-timeout', '1s'];
  for (const extra of [[], ['--unsigned-payload']]) {
    const proxy = await startProxy(context, [...flags, ...extra]);
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    if (extra.length === 0)
      assert.match(Buffer.concat(parts).toString(), /^HTTP\/1\.1 408 [\s\S]*nothing of the body/);
  }
  assert.equal(upstream.arrived.length, 0);
});

test('what is kept of bodies is limited, and is removed', async (context) => {
  const upstream = await startUpstream(context, ({ body }) => ({
    status: 200,
    body: String(body.length),
  }));
  const flags = [...APS, '--host', upstream.host];
  const post = async (url: string, size: number): Promise<string> => {
    const answer = await fetch(url, { method: 'POST', body: Buffer.alloc(size, 'x') });
    return `${answer.status} ${await answer.text()}`;
  };
  const nowhere = path.join(temporaryFolder(context), 'absent');
  const lost = await startProxy(context, [...flags, '--body-folder', nowhere]);
  assert.match(await post(lost.url, 2_000_000), /^507 .*cannot be kept in .*absent.*--body-folder/);
  assert.equal(await post(lost.url, 1_000_000), '200 1000000');
  const folder = temporaryFolder(context);
  const bounded = await startProxy(context, [
    ...flags,
    '--body-folder',
    folder,
    '--bodies-max-bytes',
    '3000000',
  ]);
  const held = httpRequest(bounded.url, {
    method: 'POST',
    headers: { 'content-length': 3_000_000 },
  });
  held.on('error', () => undefined);
  held.write(Buffer.alloc(2_000_000));
  await until('2 MB to be kept', 5_000, async () =>
    /proxy_body_bytes 2000000/.test(await (await fetch(`${bounded.admin.url}/metrics`)).text()),
  );
  assert.match(await post(bounded.url, 1_500_000), /^503 .*--bodies-max-bytes/);
  assert.equal((await run('ls', [folder])).stdout, '', 'no file has a name that could stay behind');
  held.destroy();
  await until('the room to be free', 5_000, async () =>
    (await post(bounded.url, 2_500_000)).startsWith('200 2500000'),
  );
  await until('nothing to be kept', 5_000, async () =>
    /proxy_body_bytes 0/.test(await (await fetch(`${bounded.admin.url}/metrics`)).text()),
  );
});

test('prefixes match whole segments, no path leaves them, and metadata addresses are not reached', async (context) => {
  const upstream = await startUpstream(context);
  const file = path.join(temporaryFolder(context), 'routes.yml');
  writeFileSync(
    file,
    `routes:\n  - { path: /a, upstream: 'http://${upstream.host}', service: aps, region: ` +
      `us-east-1 }\n  - { host: meta.local, upstream: 'http://169.254.169.254', service: aps, ` +
      `region: us-east-1 }\n  - { host: plain.local, upstream: 'http://aps.example.com', ` +
      `service: aps, region: us-east-1, unsigned_payload: true }\n`,
  );
  const proxy = await startProxy(context, ['--config.file', file]);
  const at = async (target: string, host = 'x'): Promise<string> => {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  };
  for (const good of ['/a', '/a/', '/a/b', '/a/..b'])
    assert.match(await at(good), /^HTTP\/1\.1 200/, good);
  assert.match(await at('/abc'), /^HTTP\/1\.1 404/);
  for (const bad of ['/a/../b', '/a/%2e%2E/b', '/a/.%2e', '/a/./b'])
    assert.match(await at(bad), /^HTTP\/1\.1 400 [\s\S]*dot segments/, bad);
  assert.match(await at('/', 'meta.local'), /^HTTP\/1\.1 403 [\s\S]*gives out credentials/);
  assert.match(await at('/', 'plain.local'), /^HTTP\/1\.1 502 [\s\S]*must go over TLS/);
  assert.equal(upstream.arrived.length, 4);
});

test('an aws-chunked body becomes a plain body, and its trailing checksum a header', async (context) => {
  const upstream = await startUpstream(context);
  const proxy = await startProxy(context, [
    '--name',
    's3',
    '--region',
    'us-east-1',
    '--host',
    upstream.host,
  ]);
  const s3 = new S3Client({
    endpoint: proxy.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
    maxAttempts: 1,
  });
  const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(50_000, 65 + (i % 26)));
  const stream = Readable.from(pieces, { objectMode: false });
  await s3.send(
    new PutObjectCommand({
      Bucket: 'b',
      Key: 'k',
      Body: stream,
      ContentLength: 2_000_000,
    }),
  );
  s3.destroy();
  const [one] = upstream.arrived;
  assert.equal(one!.body.length, 2_000_000);
  assert.equal(one!.body[50_000], 66);
  assert.equal(await verdictOf(one!, 's3'), 'ok');
  assert.equal(one!.headers['content-encoding'], undefined);
  assert.match(String(one!.headers['x-amz-checksum-crc32']), /^[\w+/]{6}==$/);
  assert.match(String(one!.headers['x-amz-content-sha256']), /^[0-9a-f]{64}$/);
});

test('requests are signed in the query, and for several regions', async (context) => {
  const upstream = await startUpstream(context);
  const presigned = await startProxy(context, [
    ...APS,
    '--host',
    upstream.host,
    '--presign',
    '15m',
  ]);
  await fetch(`${presigned.url}/a?b=1`, { method: 'POST', body: 'body' });
  const [one] = upstream.arrived;
  assert.match(one!.url, /^\/a\?b=1&X-Amz-Algorithm=.*&X-Amz-Expires=900&X-Amz-Signature=/);
  assert.equal(await verdictOf(one!, 'aps'), 'ok');
  const global = await startProxy(context, [
    '--name',
    's3',
    '--region-set',
    '*',
    '--host',
    upstream.host,
  ]);
  await fetch(`${global.url}/key`);
  const { headers } = upstream.arrived[1]!;
  assert.equal(headers['x-amz-region-set'], '*');
  assert.match(
    headers.authorization!,
    /^AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/s3\/aws4_request, SignedHeaders=.*x-amz-region-set, Signature=30[0-9a-f]+$/,
  );
});

test('the region of the profile counts where nothing else tells it', async (context) => {
  const upstream = await startUpstream(context);
  const file = path.join(temporaryFolder(context), 'config');
  const keys =
    `aws_access_key_id = ${KEYS.accessKeyId}\n` +
    `aws_secret_access_key = ${KEYS.secretAccessKey}\n`;
  writeFileSync(
    file,
    `[default]\nregion = eu-central-1\n${keys}[profile work]\nregion = ap-south-1\n${keys}`,
  );
  for (const [profile, region] of [
    ['default', 'eu-central-1'],
    ['work', 'ap-south-1'],
  ] as const) {
    const env = { AWS_CONFIG_FILE: file, AWS_PROFILE: profile, AWS_REGION: '' };
    const proxy = await startProxy(context, ['--name', 'aps', '--host', upstream.host], env);
    await fetch(proxy.url);
    assert.equal(await verdictOf(upstream.arrived.at(-1)!, 'aps', region), 'ok');
  }
});

test('a renewed certificate serves the next connection; headers and both kinds of basic auth', async (context) => {
  const upstream = await startUpstream(context);
  const folder = temporaryFolder(context);
  const first = await certificate(folder, 'IP:127.0.0.1', 'first');
  const web = path.join(folder, 'web.yml');
  writeFileSync(
    web,
    `tls_server_config: { cert_file: ${first.cert}, key_file: ${first.key} ` +
      `}\nhttp_server_config: { headers: { X-Frame-Options: deny } }\nbasic_auth_users: { me: ` +
      `'${hashSync('secret', 4)}' }\n`,
  );
  const proxy = await startProxy(context, [
    ...APS,
    '--host',
    upstream.host,
    '--web.config.file',
    web,
  ]);
  const port = Number(new URL(proxy.url).port);
  const subject = async (): Promise<string> => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const name = String(socket.getPeerCertificate().subject.CN);
    socket.destroy();
    return name;
  };
  assert.equal(await subject(), 'first');
  await certificate(folder, 'IP:127.0.0.1', 'second');
  await until('the new certificate', 5_000, async () => (await subject()) === 'second');
  const url = proxy.url.replace('http:', 'https:');
  const curl = async (...flags: string[]): Promise<string> =>
    (await run('curl', ['-sk', '-o', '/dev/null', '-D', '-', ...flags])).stdout;
  assert.match(await curl('-u', 'me:secret', url), /200 OK[\s\S]*X-Frame-Options: deny/i);
  const through = ['--proxy-insecure', '-x', url, 'http://any.example/'];
  assert.match(await curl(...through), /^HTTP\/1\.1 407 [\s\S]*Proxy-Authenticate: Basic/i);
  assert.match(await curl('--proxy-user', 'me:secret', ...through), /^HTTP\/1\.1 200/);
});

test('an answer of an upstream that breaks off is not passed on as whole', async (context) => {
  const upstream = createServer((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 100 });
    outgoing.write('half');
    setTimeout(() => outgoing.destroy(), 50);
  });
  const { port } = await listen(context, upstream);
  const proxy = await startProxy(context, [...APS, '--host', `127.0.0.1:${port}`]);
  const answer = await fetch(proxy.url);
  await assert.rejects(answer.text());
});
