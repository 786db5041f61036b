import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import aws4 from 'aws4';
import fc from 'fast-check';
import { conformancePath, skipWithoutConformance } from '../../test/kit/conformance.ts';
import { SmithyHash } from '../../test/smithy-hash.ts';
import {
  canonicalRequest,
  formatAmzDate,
  signingKey,
  signRequest,
  stringToSign,
  UNSIGNED_PAYLOAD,
} from './signing.ts';
import { type SignedRequest, verifyRequest } from './verification.ts';

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const scope = { region: 'us-east-1', service: 'aps' };
const nowMs = Date.parse('2026-11-20T12:00:00Z');

interface Context {
  readonly credentials: { access_key_id: string; secret_access_key: string; token?: string };
  readonly normalize: boolean;
  readonly sign_body: boolean;
  readonly omit_session_token?: boolean;
  readonly timestamp: string;
}

test(
  'the published cases: canonical request, string to sign and signature to the byte',
  { skip: skipWithoutConformance },
  () => {
    const cases = readdirSync(conformancePath('sigv4'));
    assert.equal(cases.length, 38);
    for (const name of cases) {
      const read = (file: string): string =>
        readFileSync(join(conformancePath('sigv4', name), file), 'utf8').replaceAll('\r\n', '\n');
      const context = JSON.parse(read('context.json')) as Context;
      const { method, path, query, headers } = parseRequest(read('request.txt'));
      const amzDate = formatAmzDate(Date.parse(context.timestamp));
      headers.push(['x-amz-date', amzDate]);
      if (context.credentials.token !== undefined && context.omit_session_token !== true)
        headers.push(['x-amz-security-token', context.credentials.token]);
      const expected = read('header-canonical-request.txt');
      const payloadHash = expected.split('\n').at(-1)!;
      if (context.sign_body) headers.push(['x-amz-content-sha256', payloadHash]);
      const canonical = canonicalRequest({
        method,
        path,
        query,
        payloadHash,
        headers: headers.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
        normalizePath: context.normalize,
      });
      assert.equal(canonical, expected, name);
      const text = stringToSign(
        amzDate,
        `${amzDate.slice(0, 8)}/us-east-1/service/aws4_request`,
        canonical,
      );
      assert.equal(text, read('header-string-to-sign.txt'), name);
      const key = signingKey(context.credentials.secret_access_key, amzDate.slice(0, 8), {
        region: 'us-east-1',
        service: 'service',
      });
      assert.equal(
        createHmac('sha256', key).update(text).digest('hex'),
        read('header-signature.txt').trim(),
        name,
      );
    }
  },
);

/**
 * Parses a request of AWS's test suite: a request line, headers (a line that begins with a space
 * continues the one before), an empty line, a body.
 */
function parseRequest(text: string): {
  method: string;
  path: string;
  query: string;
  headers: [string, string][];
} {
  const [head = ''] = text.split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const match = /^(\w+) (.*) HTTP\/1\.1$/.exec(first)!;
  const target = match[2]!;
  const mark = target.indexOf('?');
  const headers: [string, string][] = [];
  for (const line of lines) {
    if (/^\s/.test(line)) headers.at(-1)![1] += ` ${line.trim()}`;
    else if (line !== '')
      headers.push([
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1),
      ]);
  }
  return {
    method: match[1]!,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
  };
}

test('an independent signer gives the same signature', () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9_.~-]{1,8}$/).filter((text) => !/^\.+$/.test(text));
  fc.assert(
    fc.property(
      fc.array(segment, { maxLength: 4 }),
      fc.array(fc.tuple(segment, segment), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 64 }),
      (segments, pairs, body) => {
        const path = `/${segments.join('/')}`;
        const query = pairs
          .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
          .join('&');
        const ours = signRequest(
          {
            method: 'POST',
            url: `https://example.com${path}${query === '' ? '' : `?${query}`}`,
            headers: {
              'content-type': 'application/x-protobuf',
              'content-length': String(body.length),
            },
            body,
          },
          credentials,
          scope,
          nowMs,
        );
        const theirs = aws4.sign(
          {
            ...scope,
            method: 'POST',
            host: 'example.com',
            path: `${path}${query === '' ? '' : `?${query}`}`,
            headers: {
              'Content-Type': 'application/x-protobuf',
              'Content-Length': body.length,
              'X-Amz-Date': formatAmzDate(nowMs),
            },
            body: Buffer.from(body),
          },
          credentials,
        );
        assert.equal(ours['authorization'], theirs.headers['Authorization']);
      },
    ),
  );
});

function signed(body = 'hello', token?: string): SignedRequest {
  const headers = signRequest(
    {
      method: 'POST',
      url: 'http://127.0.0.1:9009/workspaces/ws%201/api/v1/remote_write?b=2&a=1+x',
      headers: { 'Content-Type': 'text/plain', 'User-Agent': 'x' },
      body,
    },
    { ...credentials, sessionToken: token },
    scope,
    nowMs,
  );
  return {
    method: 'POST',
    path: '/workspaces/ws%201/api/v1/remote_write',
    query: 'b=2&a=1+x',
    rawHeaders: Object.entries(headers).flat(),
    body: Buffer.from(body),
  };
}

const options = {
  lookup: (id: string) => (id === credentials.accessKeyId ? credentials : undefined),
  nowMs,
  service: scope.service,
  regions: [scope.region],
};

test('a signed request verifies, also with a session token', async () => {
  assert.deepEqual(await verifyRequest(signed(), options), {
    ok: true,
    accessKeyId: 'AKIDEXAMPLE',
    ...scope,
  });
  const withToken = { ...options, lookup: () => ({ ...credentials, sessionToken: 'token' }) };
  assert.equal((await verifyRequest(signed('x', 'token'), withToken)).ok, true);
});

test('a request that the SDK’s signer presigned verifies until it expires', async () => {
  for (const service of ['aps', 's3']) {
    const signer = new SignatureV4({
      credentials: { ...credentials, sessionToken: 'token/+' },
      region: 'us-east-1',
      service,
      sha256: SmithyHash,
      uriEscapePath: service !== 's3',
    });
    const signed = await signer.presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname: 'host.example',
        path: '/a%20b',
        query: { q: 'x y' },
        headers: {
          host: 'host.example',
          // The presigner of S3 puts this header into the query.
          ...(service === 's3' ? { 'x-amz-content-sha256': UNSIGNED_PAYLOAD } : {}),
        },
      },
      { signingDate: new Date(nowMs), expiresIn: 900 },
    );
    const query = Object.entries(signed.query!)
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
      .join('&');
    const request = {
      method: 'GET',
      path: '/a%20b',
      query,
      rawHeaders: ['Host', 'host.example'],
      body: new Uint8Array(),
    };
    const lookup = (): typeof credentials & { sessionToken: string } => ({
      ...credentials,
      sessionToken: 'token/+',
    });
    const codeAt = async (atMs: number, of: SignedRequest = request): Promise<string> => {
      const verdict = await verifyRequest(of, { lookup, nowMs: atMs, service });
      return verdict.ok ? 'ok' : verdict.code;
    };
    assert.equal(await codeAt(nowMs), 'ok', service);
    assert.equal(await codeAt(nowMs + 899_000), 'ok');
    assert.equal(await codeAt(nowMs + 901_000), 'RequestExpired');
    assert.equal(await codeAt(nowMs - 400_000), 'RequestExpired');
    const other = { ...request, query: query.replace('x%20y', 'x%20z') };
    assert.equal(await codeAt(nowMs, other), 'SignatureDoesNotMatch');
    const endless = { ...request, query: query.replace('Expires=900', 'Expires=9000000') };
    assert.equal(await codeAt(nowMs, endless), 'IncompleteSignature');
  }
});

test('every fault of a request is refused with its own code', async () => {
  const good = signed();
  const cases: [string, SignedRequest, Partial<typeof options>, string][] = [
    ['no signature', { ...good, rawHeaders: ['host', 'x'] }, {}, 'MissingAuthenticationToken'],
    [
      'another scheme',
      { ...good, rawHeaders: ['authorization', 'Bearer x'] },
      {},
      'IncompleteSignature',
    ],
    ['another body', { ...good, body: Buffer.from('hellO') }, {}, 'SignatureDoesNotMatch'],
    ['another query', { ...good, query: 'b=3&a=1+x' }, {}, 'SignatureDoesNotMatch'],
    [
      'another path',
      { ...good, path: '/workspaces/ws/api/v1/remote_write' },
      {},
      'SignatureDoesNotMatch',
    ],
    ['another method', { ...good, method: 'PUT' }, {}, 'SignatureDoesNotMatch'],
    [
      'another header',
      {
        ...good,
        rawHeaders: good.rawHeaders.map((text) => (text === 'text/plain' ? 'text/html' : text)),
      },
      {},
      'SignatureDoesNotMatch',
    ],
    ['an unknown key', good, { lookup: () => undefined }, 'InvalidClientTokenId'],
    ['a token that is not ours', signed('hello', 'stolen'), {}, 'InvalidClientTokenId'],
    ['too old', good, { nowMs: nowMs + 301_000 }, 'RequestExpired'],
    ['from the future', good, { nowMs: nowMs - 301_000 }, 'RequestExpired'],
    ['another service', good, { service: 'ssm' }, 'SignatureDoesNotMatch'],
    ['another region', good, { regions: ['eu-west-1'] }, 'SignatureDoesNotMatch'],
  ];
  for (const [name, request, more, code] of cases) {
    const verdict = await verifyRequest(request, { ...options, ...more });
    assert.equal(verdict.ok ? 'ok' : verdict.code, code, name);
    assert.ok(!JSON.stringify(verdict).includes(credentials.secretAccessKey));
  }
});
