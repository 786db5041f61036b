import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Readable } from 'node:stream';
import { text as streamText } from 'node:stream/consumers';
import { test } from 'node:test';
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import { HttpRequest } from '@smithy/core/protocols';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { HttpClientOptions } from '../kernel/http-client.ts';
import type { HttpConnection, ProxySettings } from '../kernel/http-connection.ts';
import { createRequestHandler } from './client-connection.ts';
import { clientOptions } from './client-options.ts';
import type { CredentialSource } from './credential-source.ts';
import { setEnvironment } from '../../test/kit/environment.ts';
import { listen, serve } from '../../test/kit/listen.ts';

function by(proxy: Partial<ProxySettings>): HttpConnection {
  return { proxy: { connectHeaders: {}, ...proxy }, key: '', stamp: () => '' };
}

function resolveTo(address: string): NonNullable<HttpClientOptions['resolve']> {
  return ((_name: string, _options: object, done: (error: null, all: object[]) => void) =>
    done(null, [{ address, family: 4 }])) as unknown as NonNullable<HttpClientOptions['resolve']>;
}

/** What a GET of each URL is answered with. */
async function askAll(handler: NodeHttpHandler, urls: readonly string[]): Promise<string[]> {
  const ask = async (text: string): Promise<string> => {
    const { protocol, hostname, port } = new URL(text);
    const place = { protocol, hostname, port: Number(port), path: '/', method: 'GET' };
    const { response } = await handler.handle(new HttpRequest(place));
    return streamText(response.body as Readable);
  };
  try {
    return await Promise.all(urls.map(ask));
  } finally {
    handler.destroy();
  }
}

test('no_proxy is read as Go reads it: subdomains, ports, ranges', async (context) => {
  const { port, url } = await serve(context, (from, response) =>
    response.end(from.url?.startsWith('http:') === true ? 'by proxy' : 'straight'),
  );
  const through = by({ url, noProxy: 'aws.test, other.test:1, 127.0.0.0/8' });
  const hosts = ['aws.test', 'ecs.aws.test', 'notaws.test', 'other.test', '127.0.0.1'];
  const asked = await askAll(
    createRequestHandler({}, through, resolveTo('127.0.0.1')),
    hosts.map((host) => `http://${host}:${port}`),
  );
  assert.deepEqual(asked, ['straight', 'straight', 'by proxy', 'by proxy', 'straight']);
});

test('HTTP_PROXY alone is no proxy for https, and NO_PROXY has subdomains', async (context) => {
  const { port, url } = await serve(context, (from, response) =>
    response.end(from.url?.startsWith('http:') === true ? 'by proxy' : 'straight'),
  );
  setEnvironment(context, { HTTP_PROXY: url, HTTPS_PROXY: '', NO_PROXY: 'aws.test' });
  const make = () => createRequestHandler({}, by({}), resolveTo('127.0.0.1'));
  const urls = [`http://ecs.aws.test:${port}`, `http://other.test:${port}`];
  assert.deepEqual(await askAll(make(), urls), ['straight', 'by proxy']);
  // TLS is spoken to the server itself, which takes it for a bad request of plain HTTP.
  const secure = askAll(make(), [`https://other.test:${port}`]);
  await assert.rejects(secure, /wrong version number|EPROTO|packet length/);
});

test('a proxy URL that is not a URL is refused when the agents are made', () => {
  assert.throws(() => createRequestHandler({}, by({ url: 'http://u:%zz@proxy' })));
});

test('the SDK asks no metadata address as an endpoint, by number, name, DNS or a proxy', async (context) => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url);
    response.end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(request.url);
    socket.end('HTTP/1.1 403 No\r\n\r\n');
  });
  const { url } = await listen(context, proxy);
  const credentials = Object.assign(
    () => Promise.resolve({ accessKeyId: 'AKIAX', secretAccessKey: 's', sessionToken: undefined }),
    { refresh: () => undefined, close: () => undefined },
  ) as unknown as CredentialSource;
  for (const endpoint of [
    'http://169.254.170.2',
    'http://[64:ff9b::a9fe:a9fe]:8080',
    'https://[2001:db8:a9fe:a9fe::]',
    'http://instance-data.ec2.internal',
    'https://INSTANCE-DATA.',
  ])
    for (const connection of [undefined, by({ url })]) {
      const client = new ECSClient(
        clientOptions({ credentials, region: 'us-east-1', endpoint, connection }),
      );
      context.after(() => client.destroy());
      await assert.rejects(client.send(new ListClustersCommand({})), /metadata address/, endpoint);
    }
  assert.deepEqual(asked, []);
  const innocent = askAll(createRequestHandler({}, {}, resolveTo('169.254.169.254')), [
    'http://innocent.test:80',
  ]);
  await assert.rejects(innocent, /innocent\.test \(169\.254\.169\.254\) is a metadata address/);
});
