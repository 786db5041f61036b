import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:https';
import { test } from 'node:test';
import { makeAuthority } from '../../test/kit/authority.ts';
import { startDiscovery } from '../../test/kit/discovery.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { listen } from '../../test/kit/listen.ts';
import { httpMechanism } from './http.ts';

test('a list behind TLS of its own, with a token from behind the same, headers and a redirect', async (context) => {
  const authority = makeAuthority(temporaryFolder(context), 'ca');
  const seen: (readonly unknown[])[] = [];
  const server = createTlsServer(authority.server, (request, response) => {
    const { url, method, headers } = request;
    seen.push([method, url, headers.authorization, headers['x-a']]);
    response.setHeader('content-type', 'application/json');
    if (url === '/token') response.end('{"access_token":"given","expires_in":600}');
    else if (url === '/first') response.writeHead(302, { location: '/list' }).end();
    else response.end('[{"targets":["a:1"]}]');
  });
  const { port } = await listen(context, server);
  const url = `https://localhost:${port}`;
  const tls = { tls_config: { ca_file: authority.file } };
  const oauth2 = { client_id: 'me', client_secret: 'hush', token_url: `${url}/token`, ...tls };
  const http_headers = { 'X-A': { values: ['b'] } };
  const config = { url: `${url}/first`, ...tls, oauth2, http_headers };
  const run = startDiscovery(context, httpMechanism, config, { mechanism: 'http' });
  await run.until(() => run.lists.length > 0, 10);
  assert.deepEqual(run.addresses(), ['a:1']);
  const basic = `Basic ${Buffer.from('me:hush').toString('base64')}`;
  assert.deepEqual(seen, [
    ['POST', '/token', basic, undefined],
    ['GET', '/first', 'Bearer given', 'b'],
    ['GET', '/list', 'Bearer given', 'b'],
  ]);
  await run.stop();
});
