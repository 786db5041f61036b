import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import type { HttpConnection, ProxySettings } from '../kernel/http-connection.ts';
import { createAgents } from './client-connection.ts';
import { serve } from '../../test/kit/listen.ts';

function through(proxy: Partial<ProxySettings>): HttpConnection {
  return { proxy: { connectHeaders: {}, ...proxy }, key: '', stamp: () => '' };
}

test('a name in no_proxy includes its subdomains, and not names that only end with it', async (context) => {
  const { port, url } = await serve(context, (from, response) =>
    response.end(from.url?.startsWith('http:') === true ? 'by proxy' : 'straight'),
  );
  const { httpAgent } = createAgents(through({ url, noProxy: 'aws.test, other.test:1' }));
  const lookup = ((_name: string, _options: object, done: (e: null, all: object[]) => void) =>
    done(null, [{ address: '127.0.0.1', family: 4 }])) as unknown as LookupFunction;
  const ask = (host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request({ agent: httpAgent, host, port, lookup }, (answer) => {
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
  assert.throws(() => createAgents(through({ url: 'http://u:%zz@proxy' })));
});
