import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../test/kit/listen.ts';
import { openHttp } from '../../test/kit/world.ts';
import type { HttpClientOptions } from '../kernel/http-client.ts';
import { openInstanceMetadata } from './instance-metadata.ts';

test('a question to the metadata of this machine passes the guard', async (context) => {
  const resolve = ((_name: string, _options: object, done: (e: null, found: object[]) => void) =>
    done(null, [{ address: '169.254.170.2', family: 4 }])) as unknown as NonNullable<
    HttpClientOptions['resolve']
  >;
  const { port } = await serve(context, (_, response) => void response.end('i-1'));
  const endpoint = `http://localhost:${port}`;
  const http = openHttp(context, { resolve });
  const signal = AbortSignal.timeout(5_000);
  const limits = { timeoutMs: 5_000, bodyMaxBytes: 1_000, signal };
  await assert.rejects(http.send({ method: 'GET', url: endpoint, ...limits }), /metadata address/);
  // Without the guard, the system resolves the name.
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint };
  const read = await openInstanceMetadata(http, env, signal);
  assert.equal(await read('meta-data/instance-id', signal), 'i-1');
});
