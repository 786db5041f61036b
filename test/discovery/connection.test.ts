/**
 * How a discovery connects to AWS: a private certificate authority, a proxy, both, also for the
 * calls of STS, and how many calls are in flight at once.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';
import type { RunningDiscovery } from '../kit/discovery.ts';
import { startRole } from './running.ts';
import { listen } from '../kit/listen.ts';
import { makeCertificate } from '../kit/authority.ts';
import { temporaryFolder } from '../kit/folder.ts';

let aws: EmulatedAws;
const folder = temporaryFolder({ after });
before(async () => {
  aws = await startEmulatedAws();
  const { ecs } = aws.account;
  ecs.register('web', [{ name: 'app', image: 'web:1' }]);
  ecs.run(ecs.createCluster('far'), { taskDefinition: 'web', address: '10.0.0.1' });
  makeCertificate(folder, 'server', 'localhost');
});
after(async () => {
  await aws.close();
});

function start(context: TestContext, config: Readonly<Record<string, unknown>>): RunningDiscovery {
  return startRole(context, { clusters: ['far'], ...config }, folder);
}

/** Forwards a request to the emulator. */
function forward(from: IncomingMessage, respond: (answer: IncomingMessage) => void): void {
  const { pathname, search } = new URL(from.url ?? '/', aws.url);
  const { hostname, port } = new URL(aws.url);
  const { method, headers } = from;
  const to = request({ hostname, port, path: pathname + search, method, headers }, respond);
  from.pipe(to);
}

async function startTls(context: TestContext): Promise<number> {
  const pem = {
    cert: readFileSync(path.join(folder, 'server.crt')),
    key: readFileSync(path.join(folder, 'server.key')),
  };
  const { port } = await listen(
    context,
    createTlsServer(pem, (from, response) =>
      forward(from, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      }),
    ),
  );
  return port;
}

/** A proxy for plain requests and tunnels that records what it was asked for. */
async function startProxy(context: TestContext): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const proxy = createServer((from, response) => {
    let body = '';
    from.on('data', (part: Buffer) => (body += part.toString()));
    from.on('end', () =>
      seen.push(
        `${from.headers['proxy-authorization']} ${from.url} ${/Action=\w+/.exec(body)?.[0]}`,
      ),
    );
    forward(from, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
  });
  proxy.on('connect', (from: IncomingMessage, socket: Socket) => {
    seen.push(`CONNECT ${from.url}`);
    const [, port] = (from.url ?? '').split(':');
    const upstream = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => upstream.destroy());
  });
  const { port } = await listen(context, proxy);
  return { url: `http://me:hush@127.0.0.1:${port}`, seen };
}

test('a private certificate authority is trusted, and without it nothing is found', async (context) => {
  const endpoint = `https://localhost:${await startTls(context)}`;
  const distrusting = start(context, { endpoint });
  await distrusting.until(() => distrusting.failures() > 0);
  const run = start(context, { endpoint, tls_config: { ca_file: 'server.crt' } });
  await run.until(() => run.addresses().length > 0);
  assert.deepEqual(run.addresses(), ['10.0.0.1:80']);
  const blind = start(context, { endpoint, tls_config: { insecure_skip_verify: true } });
  await blind.until(() => blind.addresses().length > 0);
  assert.deepEqual(distrusting.addresses(), []);
});

test('a file of authorities that is not there yet fails a refresh, and serves once it is', async (context) => {
  const endpoint = `https://localhost:${await startTls(context)}`;
  const run = start(context, { endpoint, tls_config: { ca_file: 'late.pem' } });
  await run.until(() => run.failures() > 1);
  writeFileSync(path.join(folder, 'late.pem'), readFileSync(path.join(folder, 'server.crt')));
  await run.until(() => run.addresses().length > 0);
});

test('calls go through the proxy, https by a tunnel, those of STS too, and past it where no_proxy says so', async (context) => {
  const { url: proxy, seen } = await startProxy(context);
  const plain = start(context, { endpoint: aws.url, proxy_url: proxy });
  await plain.until(() => plain.addresses().length > 0);
  const credentials = `Basic ${Buffer.from('me:hush').toString('base64')}`;
  assert.ok(seen.length > 2);
  assert.ok(
    seen.every((one) => one.startsWith(`${credentials} ${aws.url}/`)),
    seen.join('\n'),
  );

  seen.length = 0;
  const port = await startTls(context);
  const tunnelled = start(context, {
    endpoint: `https://localhost:${port}`,
    proxy_url: proxy,
    tls_config: { ca_file: 'server.crt' },
  });
  await tunnelled.until(() => tunnelled.addresses().length > 0);
  assert.ok(seen.length > 0);
  assert.ok(
    seen.every((one) => one === `CONNECT localhost:${port}`),
    seen.join('\n'),
  );

  seen.length = 0;
  process.env['AWS_ENDPOINT_URL'] = aws.url;
  context.after(() => delete process.env['AWS_ENDPOINT_URL']);
  const role = start(context, { proxy_url: proxy, role_arn: 'arn:aws:iam::000000000000:role/r' });
  await role.until(() => role.addresses().length > 0);
  assert.ok(seen.some((one) => one.includes('Action=AssumeRole')));

  seen.length = 0;
  const past = start(context, { endpoint: aws.url, proxy_url: proxy, no_proxy: '127.0.0.1' });
  await past.until(() => past.addresses().length > 0);
  assert.deepEqual(seen, []);
});

test('request_concurrency is how many calls are under way at once', async (context) => {
  let [now, most] = [0, 0];
  const slow = createServer((from, response) => {
    most = Math.max(most, ++now);
    response.on('close', () => now--);
    forward(from, (answer) => {
      setTimeout(() => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      }, 20);
    });
  });
  const { url: endpoint } = await listen(context, slow);
  const clusters = Array.from({ length: 12 }, (_, index) => `crowd-${index}`);
  for (const name of clusters)
    aws.account.ecs.run(aws.account.ecs.createCluster(name), { taskDefinition: 'web' });
  const config = { endpoint, clusters, call_budget: 1 };
  const wide = start(context, config);
  await wide.until(() => wide.addresses().length === 12);
  assert.ok(most > 3, `${most} at once without a bound that matters`);
  most = 0;
  const narrow = start(context, { ...config, request_concurrency: 2 });
  await narrow.until(() => narrow.addresses().length === 12);
  assert.ok(most <= 2, `${most} at once`);
});
