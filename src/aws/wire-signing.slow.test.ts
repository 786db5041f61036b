import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import { SignatureV4a } from '@smithy/signature-v4a';
import aws4 from 'aws4';
import fc from 'fast-check';
import { skipWithoutConformance } from '../../test/kit/conformance.ts';
import { signatureCases } from '../../test/signature-cases.ts';
import { SmithyHash } from '../../test/smithy-hash.ts';
import { canonicalRequest, stringToSign, UNSIGNED_PAYLOAD } from './signing.ts';
import { deriveKey } from './sigv4a.ts';
import { presignQuery, signWire } from './wire-signing.ts';

const SCOPE = { region: 'us-east-1', service: 'service' };
const signsAll = (): boolean => true;
const signatureIn = (text: string): string => /Signature=([0-9a-f]{64})/.exec(text)?.[1] ?? '';

test(
  'the 38 published cases, by header and presigned: every signature to the byte',
  { skip: skipWithoutConformance },
  () => {
    const cases = signatureCases();
    assert.equal(cases.length, 38);
    for (const one of cases) {
      const { request, credentials, nowMs, normalize, signsBody, signsToken } = one;
      const options = { sign: signsAll, normalizePath: normalize, signsToken };
      const extra: [string, string][] = signsBody
        ? [['x-amz-content-sha256', request.payloadHash]]
        : [];
      const signed = signWire(
        { ...request, headers: [...request.headers, ...extra] },
        credentials,
        SCOPE,
        nowMs,
        options,
      );
      const authorization = signed.find(([name]) => name === 'authorization')![1];
      assert.equal(signatureIn(authorization), one.read('header-signature.txt').trim(), one.name);
      const query = presignQuery(request, credentials, SCOPE, nowMs, {
        ...options,
        expiresSeconds: 3_600,
      });
      assert.equal(signatureIn(query), one.read('query-signature.txt').trim(), one.name);
    }
  },
);

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret/KEY+' };
const NOW_MS = Date.parse('2026-11-20T12:00:00Z');
const RUNS = process.env['AMPERAGE_LONG'] === '1' ? 100_000 : 2_000;

const word = fc.stringMatching(/^[A-Za-z0-9_.~-]{1,10}$/).filter((text) => !/^\.+$/.test(text));
const text = fc.string({ maxLength: 12, unit: 'grapheme' });
const requests = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
  service: fc.constantFrom('aps', 's3', 'execute-api'),
  segments: fc.array(
    fc.oneof(
      word,
      text.filter((one) => !/^\.*$/.test(one)),
    ),
    { minLength: 1, maxLength: 4 },
  ),
  pairs: fc.uniqueArray(
    fc.tuple(
      word.filter((name) => name !== '__proto__'),
      text,
    ),
    { maxLength: 4, selector: ([name]) => name },
  ),
  headers: fc.uniqueArray(
    fc.tuple(
      fc.stringMatching(/^x-amz-[a-z]{2,8}$/),
      fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
    ),
    {
      maxLength: 4,
      selector: ([name]) => name,
    },
  ),
  body: fc.uint8Array({ maxLength: 64 }),
  token: fc.option(word, { nil: undefined }),
});

/** Percent-encodes a text as AWS specifies. */
function encode(part: string): string {
  return encodeURIComponent(part).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

test(`${RUNS} random requests are signed as @smithy/signature-v4 and aws4 sign them`, async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(requests, async (one) => {
      const { method, service, segments, pairs, headers, body, token } = one;
      const host = 'example.amazonaws.com';
      const path = `/${segments.map(encode).join('/')}`;
      const query = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
      const payloadHash = createHash('sha256').update(body).digest('hex');
      const credentials = {
        ...CREDENTIALS,
        ...(token === undefined ? {} : { sessionToken: token }),
      };
      const scope = { region: 'eu-west-1', service };
      const own = signWire(
        { method, path, query, headers: [['host', host], ...headers], payloadHash },
        credentials,
        scope,
        NOW_MS,
      );
      const ours = signatureIn(own.find(([name]) => name === 'authorization')![1]);
      const isS3 = service === 's3';
      const signer = new SignatureV4({
        credentials,
        region: scope.region,
        service,
        sha256: SmithyHash,
        uriEscapePath: !isS3,
        applyChecksum: isS3,
      });
      const theirs = await signer.sign(
        {
          method,
          protocol: 'https:',
          hostname: host,
          path,
          query: Object.fromEntries(pairs),
          headers: { host, ...Object.fromEntries(headers) },
          body,
        },
        { signingDate: new Date(NOW_MS) },
      );
      assert.equal(ours, signatureIn(theirs.headers['authorization'] ?? ''), 'smithy');
      // aws4 reads %2F in an S3 key as a slash; smithy and the SDKs sign it as it is sent.
      if (isS3 && segments.some((segment) => segment.includes('/'))) return;
      const third = aws4.sign(
        {
          host,
          method,
          path: query === '' ? path : `${path}?${query}`,
          service,
          region: scope.region,
          headers: { 'X-Amz-Date': '20261120T120000Z', ...Object.fromEntries(headers) },
          body: Buffer.from(body),
        },
        credentials,
      );
      // aws4 adds headers of its own, such as a length; ours signs the same ones.
      const { Authorization: authorization = '', ...sent } = third.headers ?? {};
      const names = /SignedHeaders=([^,]+)/.exec(String(authorization))![1]!.split(';');
      const shared = Object.entries(sent)
        .map(([name, value]): [string, string] => [name.toLowerCase(), String(value)])
        .filter(([name]) => names.includes(name))
        .filter(([name]) => !['x-amz-date', 'x-amz-security-token'].includes(name))
        .filter(([name]) => !isS3 || name !== 'x-amz-content-sha256');
      const again = signWire(
        { method, path, query, headers: shared, payloadHash },
        credentials,
        scope,
        NOW_MS,
        { sign: signsAll },
      );
      const both = again.find(([name]) => name === 'authorization')![1];
      assert.equal(signatureIn(both), signatureIn(String(authorization)), 'aws4');
      compared += 1;
    }),
    { numRuns: RUNS },
  );
  assert.ok(compared > RUNS / 2);
});

test('SigV4a: the official signer’s key takes our signatures', async () => {
  const host = 'bucket.accesspoint.s3-global.amazonaws.com';
  for (let i = 0; i < 20; i++) {
    const credentials = { accessKeyId: `AKIA${i}`, secretAccessKey: `secret/${'x'.repeat(i * 5)}` };
    const signer = new SignatureV4a({
      credentials,
      region: '*',
      service: 's3',
      sha256: SmithyHash,
      uriEscapePath: false,
    });
    const request = { method: 'GET', protocol: 'https:', hostname: host, path: '/a%20key' };
    const theirs = await signer.sign(
      { ...request, query: { b: '1' }, headers: { host } },
      { signingDate: new Date(NOW_MS) },
    );
    const payloadHash = theirs.headers['x-amz-content-sha256']!;
    const wire = { ...request, query: 'b=1', headers: [['host', host]] as const, payloadHash };
    const scope = { service: 's3', region: '*', regionSet: '*' };
    const ours = signWire(wire, credentials, scope, NOW_MS).at(-1)![1];
    const theirAuthorization = theirs.headers['authorization']!;
    const head = (text: string): string => text.replace(/Signature=.*/, '');
    assert.equal(head(ours), head(theirAuthorization));
    const canonical = canonicalRequest({
      ...wire,
      headers: [
        ['host', host],
        ['x-amz-content-sha256', payloadHash],
        ['x-amz-date', '20261120T120000Z'],
        ['x-amz-region-set', '*'],
      ],
      normalizePath: false,
      encodesOnce: true,
    });
    const text = stringToSign(
      '20261120T120000Z',
      '20261120/s3/aws4_request',
      canonical,
      'AWS4-ECDSA-P256-SHA256',
    );
    const publicKey = createPublicKey(deriveKey(credentials));
    for (const one of [ours, theirAuthorization]) {
      const signature = Buffer.from(/Signature=([0-9a-f]+)$/.exec(one)![1]!, 'hex');
      assert.ok(verify('sha256', Buffer.from(text), publicKey, signature), one);
    }
  }
});

test('only headers that AWS may act on are signed, and S3 is sent the hash of the payload', () => {
  const request = {
    method: 'PUT',
    path: '/a%2Fb//c/../d',
    query: '',
    headers: [
      ['host', 'bucket.s3.us-east-1.amazonaws.com'],
      ['user-agent', 'x'],
      ['x-amzn-trace-id', 'Root=1'],
      ['content-type', 'text/plain'],
      ['x-amz-meta-a', '1'],
    ] as [string, string][],
    payloadHash: UNSIGNED_PAYLOAD,
  };
  const signed = signWire(request, CREDENTIALS, { region: 'us-east-1', service: 's3' }, NOW_MS);
  const names = signed.map(([name]) => name);
  assert.deepEqual(names, ['x-amz-date', 'x-amz-content-sha256', 'authorization']);
  assert.match(
    signed.at(-1)![1],
    /SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a,/,
  );
});
