import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PermanentError } from './errors.ts';
import { GrpcClient } from './grpc/client.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';
import type { HttpConnection } from './http-connection.ts';
import { isMetadataAddress } from './metadata-addresses.ts';
import { createTokenSource } from './oauth2.ts';
import { setEnvironment } from '../../test/kit/environment.ts';
import { listen, serve } from '../../test/kit/listen.ts';
import { makeCertificate } from '../../test/kit/authority.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';

const dir = temporaryFolder({ after });
for (const name of ['server', 'client']) makeCertificate(dir, name, 'target.test');
const read = (name: string): string => readFileSync(join(dir, name), 'utf8');

function connection(set: Partial<HttpConnection>): HttpConnection {
  return { key: '', stamp: () => '', ...set };
}

/** Status and body, or what went wrong. */
async function ask(url: string, options: HttpClientOptions = {}): Promise<string> {
  const http = createHttpClient(options);
  try {
    const limits = { timeoutMs: 5_000, bodyMaxBytes: 1e6, signal: new AbortController().signal };
    const { status, body } = await http.send({ method: 'GET', url, ...limits });
    return `${status} ${body.toString()}`;
  } catch (error) {
    return error instanceof PermanentError ? error.reason : (error as Error).message;
  } finally {
    await http.close();
  }
}

test('a certificate of another authority is trusted by ca, checked by server_name, or not at all', async (context) => {
  const pem = { cert: read('server.crt'), key: read('server.key') };
  const { port } = await listen(
    context,
    createTlsServer(pem, (_, response) => void response.end('hello')),
  );
  const url = `https://127.0.0.1:${port}/`;
  const tls = { skipsVerification: false };
  const ca = (): string => read('server.crt');
  assert.match(await ask(url, { connection: connection({ tls }) }), /self-signed/);
  assert.match(
    await ask(url, { connection: connection({ tls: { ...tls, ca } }) }),
    /altnames|does not match/i,
  );
  const named = { ...tls, ca, serverName: 'target.test' };
  assert.equal(await ask(url, { connection: connection({ tls: named }) }), '200 hello');
  const blind = { skipsVerification: true };
  assert.equal(await ask(url, { connection: connection({ tls: blind }) }), '200 hello');
  const old = { ...blind, minVersion: 'TLSv1' as const, maxVersion: 'TLSv1.1' as const };
  assert.doesNotMatch(await ask(url, { connection: connection({ tls: old }) }), /^200/);
});

test('a client certificate is shown, and a changed one from the next request on', async (context) => {
  const options = {
    cert: read('server.crt'),
    key: read('server.key'),
    ca: read('client.crt'),
    requestCert: true,
    rejectUnauthorized: true,
  };
  const { port } = await listen(
    context,
    createTlsServer(options, (_, response) => void response.end('you')),
  );
  let owner = 'server';
  const tls = {
    skipsVerification: true,
    cert: () => read(`${owner}.crt`),
    key: () => read(`${owner}.key`),
  };
  const http = createHttpClient({ connection: connection({ tls, stamp: () => owner }) });
  const limits = { timeoutMs: 5_000, bodyMaxBytes: 1e6, signal: new AbortController().signal };
  const send = () => http.send({ method: 'GET', url: `https://127.0.0.1:${port}/`, ...limits });
  await assert.rejects(send());
  owner = 'client';
  assert.equal((await send()).status, 200);
  await http.close();
});

test('http goes to a proxy with its whole URL, https through CONNECT, and no_proxy goes straight', async (context) => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end('by proxy');
  });
  proxy.on('connect', (request, socket: Socket) => {
    seen.push(`CONNECT ${String(request.headers['x-proxy'])}`);
    const [, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  const pem = { cert: read('server.crt'), key: read('server.key') };
  const { url } = await listen(context, proxy);
  const plain = await serve(context, (_, response) => void response.end('straight'));
  const { port: tlsPort } = await listen(
    context,
    createTlsServer(pem, (_, response) => void response.end('secret')),
  );
  const tls = { skipsVerification: true };
  const by = (noProxy?: string) => ({
    connection: connection({
      tls,
      proxy: { url, noProxy, connectHeaders: { 'x-proxy': 'yes' } },
    }),
  });
  assert.equal(await ask('http://target.test/metrics', by()), '200 by proxy');
  assert.equal(await ask(`https://localhost:${tlsPort}/`, by()), '200 secret');
  assert.equal(await ask(`${plain.url}/`, by('127.0.0.1')), '200 straight');
  assert.equal(await ask(`${plain.url}/`, by('10.0.0.0/8,127.0.0.0/8')), '200 straight');
  assert.equal(await ask('http://10.1.2.3:1/', by('10.0.0.0/16')), '200 by proxy');
  assert.deepEqual(seen, [
    'GET http://target.test/metrics',
    'CONNECT yes',
    'GET http://10.1.2.3:1/',
  ]);
  setEnvironment(context, { HTTP_PROXY: url, HTTPS_PROXY: '', NO_PROXY: 'b.test' });
  const environment = { connection: connection({ tls, proxy: { connectHeaders: {} } }) };
  assert.equal(await ask('http://a.test/metrics', environment), '200 by proxy');
  assert.equal(await ask(`https://localhost:${tlsPort}/`, environment), '200 secret');
  assert.doesNotMatch(await ask('http://a.b.test/', environment), /by proxy/);
  // Without a proxy for https the name is looked up here, and there is none.
  assert.doesNotMatch(await ask('https://a.test/', environment), /^200/);
  assert.equal(seen.filter((one) => one.startsWith('CONNECT')).length, 1);
});

test('metadata addresses are refused in every spelling, and behind a name', async (context) => {
  for (const address of [
    '169.254.169.254',
    '169.254.170.2',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '::ffff:0:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::a9fe:aa02',
    '64:ff9b:1:a9fe:a9:fe00::',
    '64:ff9b:1:7a9:fe:a9fe::',
    '64:ff9b:1:7:a9:fea9:fe00:0',
    '2001:db8:a9fe:a9fe::',
    '2001:db8:a9:fea9:fe::',
    '2001:db8:1:a9fe:a9:fe00::',
    '2001:db8:1:7a9:fe:a9fe::',
    '2001:db8:1:2:a9:fea9:fe00:0',
    '2001:db8:1:2:3:4:a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2001:0:a9fe:a9fe::1',
    '2001:0:1:2:3:4:5601:5601',
    'fe80::5efe:169.254.169.254%eth0',
    'FD00:EC2:0:0:0:0:0:254',
  ])
    assert.equal(isMetadataAddress(address), true, address);
  for (const address of ['169.254.169.253', '127.0.0.1', '::1', '2002::a9fe', '64:ff9b::1', 'name'])
    assert.equal(isMetadataAddress(address), false, address);
  for (const url of [
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0xa9.254.169.254/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://169.254.169.254./',
    'http://instance-data.eu-west-1.compute.internal/',
  ])
    assert.equal(await ask(url, { isGuarded: true }), 'metadata_address', url);
  const resolve = ((_name: string, _options: object, done: (e: null, found: object[]) => void) =>
    done(null, [
      { address: '10.0.0.1', family: 4 },
      { address: '169.254.170.2', family: 4 },
    ])) as unknown as NonNullable<HttpClientOptions['resolve']>;
  assert.equal(
    await ask('http://innocent.test/', { isGuarded: true, resolve }),
    'metadata_address',
  );
  const { port } = await serve(context, (_, response) => void response.end('fine'));
  assert.equal(await ask(`http://localhost:${port}/`, { isGuarded: true }), '200 fine');
});

test('metadata addresses are refused by default, as proxies and by gRPC too', async () => {
  const resolve = ((_name: string, _options: object, done: (e: null, found: object[]) => void) =>
    done(null, [{ address: '169.254.170.2', family: 4 }])) as unknown as NonNullable<
    HttpClientOptions['resolve']
  >;
  const literal = 'http://[64:ff9b::a9fe:a9fe]:4318';
  assert.equal(await ask(literal), 'metadata_address');
  assert.equal(await ask('http://innocent.test/', { resolve }), 'metadata_address');
  for (const url of [literal, 'http://proxy.test:3128']) {
    const proxy = { url, connectHeaders: {} };
    const by = { connection: connection({ proxy }), resolve };
    assert.equal(await ask('http://10.255.255.1/metrics', by), 'metadata_address', url);
    assert.equal(await ask('https://10.255.255.1/metrics', by), 'metadata_address', url);
  }
  const grpc = new GrpcClient({ origin: literal, answerMaxBytes: 1_000 });
  const call = {
    path: '/a/b',
    headers: {},
    message: Buffer.alloc(0),
    encoding: undefined,
    timeoutMs: 1_000,
    signal: new AbortController().signal,
  };
  await assert.rejects(grpc.call(call), /metadata address/);
});

test('a proxy is asked for no metadata address, nor for a name that is known of one', async (context) => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url);
    response.end('by proxy');
  });
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(request.url);
    socket.end('HTTP/1.1 403 No\r\n\r\n');
  });
  const { url } = await listen(context, proxy);
  const by = { connection: connection({ proxy: { url, connectHeaders: {} } }) };
  for (const host of [
    '169.254.169.254',
    '0xa9fea9fe',
    '[::ffff:169.254.170.2]:80',
    '[2001:db8:a9fe:a9fe::]',
    'instance-data',
    'Instance-Data.EC2.internal.',
  ])
    for (const scheme of ['http', 'https'])
      assert.equal(await ask(`${scheme}://${host}/x`, by), 'metadata_address', host);
  assert.deepEqual(asked, []);
  assert.equal(await ask('http://instance-data.example/x', by), '200 by proxy');
});

test('an OAuth 2 token is fetched once for all, and anew before it runs out', async (context) => {
  const asked: string[] = [];
  const { url } = await serve(context, (request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      asked.push(`${request.headers.authorization} ${body}`);
      if (asked.length === 3) response.writeHead(401).end();
      else response.end(JSON.stringify({ access_token: `t${asked.length}`, expires_in: 100 }));
    });
  });
  let nowMs = 0;
  const http = createHttpClient();
  const token = createTokenSource(
    {
      tokenUrl: `${url}/token`,
      clientId: 'me',
      clientSecret: () => 'hush',
      scopes: ['a', 'b'],
      endpointParams: { audience: 'x' },
    },
    () => nowMs,
    http,
  );
  assert.deepEqual(await Promise.all([token(), token()]), ['t1', 't1']);
  nowMs = 80_000;
  assert.equal(await token(), 't1');
  nowMs = 95_000;
  assert.equal(await token(), 't2');
  nowMs = 300_000;
  await assert.rejects(token(), /answered with status 401; check client_id/);
  assert.equal(await token(), 't4');
  const pair = Buffer.from('me:hush').toString('base64');
  assert.equal(asked[0], `Basic ${pair} grant_type=client_credentials&audience=x&scope=a+b`);
  await http.close();
});
