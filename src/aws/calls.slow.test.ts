/**
 * Calls of the official SDK with our options: they are limited in time, counted, described, and
 * signed with the credentials that the source has at the time.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type HangingServer, startHanging } from '../../test/kit/hanging.ts';
import { RecoverableError } from '../kernel/errors.ts';
import { Registry } from '../kernel/metrics.ts';
import { type AwsCallEdges, AwsCallError, callAws } from './calls.ts';
import { clientOptions } from './client-options.ts';
import type { CredentialSource } from './credential-source.ts';
import type { AwsCredentials } from './signing.ts';

const OWN = { region: 'us-east-1', requestTimeoutMs: 300 };

function sourceOf(
  get: () => Promise<AwsCredentials>,
): CredentialSource & { readonly refusals: number } {
  const source = Object.assign(get, {
    refusals: 0,
    invalidate: () => (source.refusals += 1) > 0,
    close: () => undefined,
  });
  return source;
}

const fixed = (): CredentialSource & { readonly refusals: number } =>
  sourceOf(() => Promise.resolve({ accessKeyId: 'AKIA', secretAccessKey: 's' }));

async function begin(
  context: TestContext,
  credentials: CredentialSource = fixed(),
  timeoutMs = 2_000,
  { requestTimeoutMs }: { requestTimeoutMs: number } = OWN,
): Promise<{ server: HangingServer; edges: AwsCallEdges; call: () => Promise<unknown> }> {
  const server = await startHanging(context);
  const { region } = OWN;
  const { url: endpoint } = server;
  const client = new SSMClient(clientOptions({ region, requestTimeoutMs, credentials, endpoint }));
  context.after(() => client.destroy());
  const { signal } = new AbortController();
  const edges = { metrics: new Registry(), signal, credentials, timeoutMs };
  const call = (): Promise<unknown> =>
    callAws('ssm:GetParameter', edges, (abortSignal) =>
      client.send(new GetParameterCommand({ Name: 'n' }), { abortSignal }),
    );
  return { server, edges, call };
}

function refuseWith(server: HangingServer, type: string, status = 400, message = 'no'): void {
  server.answer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: type, message }));
  });
}

const isFailure =
  (failure: string, words: RegExp) =>
  (error: unknown): true => {
    assert.ok(error instanceof AwsCallError, String(error));
    assert.equal(error.failure, failure);
    assert.match(error.message, words);
    return true;
  };

test('an endpoint that accepts and never answers is given up by the SDK itself', async (context) => {
  const { call, edges } = await begin(context);
  await assert.rejects(call(), isFailure('timeout', /ssm:GetParameter: no answer.*check the way/));
  assert.match(
    edges.metrics.expose(),
    /aws_calls_total\{service="ssm",action="GetParameter",outcome="timeout"\} 1/,
  );
});

test('a call whose credentials do not come is given up, and ends when the signal says so', async (context) => {
  const source = sourceOf(() => new Promise(() => undefined));
  const { call, edges, server } = await begin(context, source);
  await assert.rejects(call(), isFailure('timeout', /no credentials within 2 s/));
  assert.deepEqual(server.seen, []);
  const ending = new AbortController();
  const waiting = callAws('ssm:GetParameter', { ...edges, signal: ending.signal }, () => source());
  ending.abort(new Error('stopping'));
  await assert.rejects(waiting, /^Error: stopping/);
  assert.doesNotMatch(edges.metrics.expose(), /outcome="error"/, 'a stop is no failure');
});

test('a call without credentials fails with the message of their source', async (context) => {
  const source = sourceOf(() =>
    Promise.reject(new RecoverableError('AWS_CREDENTIALS', 'no AWS credentials from here')),
  );
  const { call } = await begin(context, source);
  await assert.rejects(
    call(),
    isFailure('error', /^ssm:GetParameter: no AWS credentials from here$/),
  );
});

test('failures are distinguished, and the source is told of refusals', async (context) => {
  const source = fixed();
  const { call, server } = await begin(context, source);
  const cases: [string, number, string, RegExp, boolean][] = [
    ['ThrottlingException', 400, 'throttled', /ThrottlingException/, false],
    ['ExpiredTokenException', 400, 'stale_credentials', /are fetched anew/, true],
    ['UnrecognizedClientException', 400, 'stale_credentials', /are fetched anew/, true],
    ['AccessDeniedException', 400, 'refused', /needs ssm:GetParameter/, true],
    ['SomethingElse', 403, 'refused', /needs ssm:GetParameter/, true],
    ['ParameterNotFound', 400, 'error', /GetParameter: ParameterNotFound$/, false],
  ];
  for (const [type, status, failure, words, isTold] of cases) {
    const before = source.refusals;
    refuseWith(server, type, status);
    await assert.rejects(call(), isFailure(failure, words));
    assert.equal(source.refusals > before, isTold, type);
  }
  refuseWith(
    server,
    'SignatureDoesNotMatch',
    403,
    'Credential should be scoped to a valid region.',
  );
  await assert.rejects(call(), isFailure('stale_credentials', /is of another region/));
});

test('a client signs each request with the current credentials, though they have no expiry', async (context) => {
  let key = 'AKIAOLD';
  const source = sourceOf(() => Promise.resolve({ accessKeyId: key, secretAccessKey: 's' }));
  const { call, server, edges } = await begin(context, source);
  const keys: string[] = [];
  server.answer((request, response) => {
    keys.push(/Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end('{}');
  });
  await call();
  key = 'AKIANEW';
  await call();
  assert.deepEqual(keys, ['AKIAOLD', 'AKIANEW']);
  assert.match(edges.metrics.expose(), /outcome="ok"\} 2/);
});

/** Chunks of a body, as they stand on the wire. */
const endless: Readonly<Record<string, string>> = {
  'a body without end': `10000\r\n${' '.repeat(65_536)}\r\n`,
  'a body in pieces of one byte': '1\r\n \r\n'.repeat(1_000),
};

for (const [what, chunks] of Object.entries(endless))
  test(`bug: ${what} is not read on, and its connection ends`, async (context) => {
    const { server, call } = await begin(context, fixed(), 30_000);
    let sent = 0;
    const closed = new Promise((resolve) =>
      server.answer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
        response.flushHeaders();
        const { socket } = response;
        socket?.once('close', resolve).on('error', () => undefined);
        const send = (): void => {
          if (socket === null || socket.destroyed) return;
          sent += chunks.length;
          socket.write(chunks, () => setImmediate(send));
        };
        send();
      }),
    );
    await assert.rejects(call(), /an answer of AWS is not read on/);
    await closed;
    assert.ok(sent < 80 * 1024 * 1024, String(sent));
  });

test('bug: an answer of megabytes comes whole', async (context) => {
  const { server, call } = await begin(context, fixed(), 30_000, {
    requestTimeoutMs: 20_000,
  });
  const value = 'é'.repeat(3 * 1024 * 1024);
  server.answer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ Parameter: { Value: value } }));
  });
  const answer = (await call()) as { Parameter: { Value: string } };
  assert.ok(answer.Parameter.Value === value);
});
