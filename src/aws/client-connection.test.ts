import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { test } from 'node:test';
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import type { HttpClientOptions } from '../kernel/http-client.ts';
import type { HttpConnection, ProxySettings } from '../kernel/http-connection.ts';
import { createAgents } from './client-connection.ts';
import { clientOptions } from './client-options.ts';
import type { CredentialSource } from './credential-source.ts';
import { listen, serve } from '../../test/kit/listen.ts';

function by(proxy: Partial<ProxySettings>): HttpConnection {
  return { proxy: { connectHeaders: {}, ...proxy }, key: '', stamp: () => '' };
}

function resolveTo(address: string): NonNullable<HttpClientOptions['resolve']> {
  return ((_name: string, _options: object, done: (error: null, all: object[]) => void) =>
    done(null, [{ address, family: 4 }])) as unknown as NonNullable<HttpClientOptions['resolve']>;
}

test('a name in no_proxy includes its subdomains, and not names that only end with it', async (context) => {
  const { port, url } = await serve(context, (from, response) =>
    response.end(from.url?.startsWith('http:') === true ? 'by proxy' : 'straight'),
  );
  const through = by({ url, noProxy: 'aws.test, other.test:1' });
  const { httpAgent } = createAgents(through, resolveTo('127.0.0.1'));
  const ask = (host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request({ agent: httpAgent, host, port }, (answer) => {
        answer.setEncoding('utf8').on('data', resolve);
      });
      sent.on('error', reject).end();
    });
  try {
    assert.equal(await ask('aws.test'), 'straight');
    assert.equal(await ask('ecs.aws.test'), 'straight');
    assert.equal(await ask('notaws.test'), 'by proxy');
    assert.equal(await ask('other.test'), 'by proxy');
  } finally {
    httpAgent.destroy();
  }
});

test('a proxy URL that is not a URL is refused when the agents are made', () => {
  assert.throws(() => createAgents(by({ url: 'http://u:%zz@proxy' })));
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
  const { httpAgent } = createAgents({}, resolveTo('169.254.169.254'));
  const refused = new Promise((_, reject) => {
    request({ agent: httpAgent, host: 'innocent.test' }).on('error', reject).end();
  });
  await assert.rejects(refused, /innocent\.test \(169\.254\.169\.254\) is a metadata address/);
});
