import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourcesOfFlags } from './flag-sources.ts';

function parts(given: Record<string, readonly string[]>): unknown[] {
  return sourcesOfFlags(new Map(Object.entries(given))).map(
    (source) => JSON.parse(source.replace(/^yaml:/, '')) as unknown,
  );
}

test('each URL of vmagent is an entry; what is given once counts for all', () => {
  assert.deepEqual(
    parts({
      'remoteWrite.url': ['http://a/w,http://b/w', 'http://c/w'],
      'remoteWrite.sendTimeout': ['30s'],
      'remoteWrite.bearerToken': ['one', '', 'three'],
      'remoteWrite.tlsInsecureSkipVerify': ['false,true,false'],
      'remoteWrite.label': ['dc=x', 'env=y=z'],
    }),
    [
      {
        global: { external_labels: { dc: 'x', env: 'y=z' } },
        remote_write: [
          { url: 'http://a/w', remote_timeout: '30s', authorization: { credentials: 'one' } },
          {
            url: 'http://b/w',
            remote_timeout: '30s',
            tls_config: { insecure_skip_verify: true },
          },
          { url: 'http://c/w', remote_timeout: '30s', authorization: { credentials: 'three' } },
        ],
      },
    ],
  );
});

test('credentials, headers and sizes come to their keys', () => {
  assert.deepEqual(
    parts({
      'remoteWrite.url': ['"http://a/w?x=1,2"'],
      'remoteWrite.aws.useSigv4': ['true'],
      'remoteWrite.aws.region': ['eu-west-1'],
      'remoteWrite.aws.roleARN': ['arn:aws:iam::1:role/r'],
      'remoteWrite.headers': ['X-A: b^^X-C: d:e'],
      'remoteWrite.basicAuth.username': ['u'],
      'remoteWrite.basicAuth.passwordFile': ['/run/p'],
      'remoteWrite.maxDiskUsagePerURL': ['1.5GiB'],
    }),
    [
      {
        remote_write: [
          {
            url: 'http://a/w?x=1,2',
            basic_auth: { username: 'u', password_file: '/run/p' },
            headers: { 'X-A': 'b', 'X-C': 'd:e' },
            queue_config: { disk_size_limit: '1610612736B' },
            sigv4: { region: 'eu-west-1', role_arn: 'arn:aws:iam::1:role/r' },
          },
        ],
      },
    ],
  );
});

test('--set of the Collector is a path and a value of YAML', () => {
  assert.deepEqual(parts({ set: ['processors.batch/2.timeout=2s', 'a::b=[1, x]'] }), [
    { processors: { 'batch/2': { timeout: '2s' } } },
    { a: { b: [1, 'x'] } },
  ]);
});

test('what cannot be read is said without its value', () => {
  for (const [given, message] of [
    [{ set: ['secret'] }, /--set: write key\.key=value/],
    [{ set: ['a..b=1'] }, /--set: write key\.key=value/],
    [{ set: ['a={'] }, /--set: the value of a is no YAML/],
    [{ 'remoteWrite.headers': ['x'], 'remoteWrite.url': ['u'] }, /headers: write name:value/],
    [{ 'remoteWrite.label': ['x'] }, /label: write name=value/],
    [{ 'remoteWrite.sendTimeout': ['1s'] }, /-remoteWrite\.sendTimeout needs -remoteWrite\.url/],
    [
      { 'remoteWrite.url': ['u'], 'remoteWrite.maxDiskUsagePerURL': ['much'] },
      /maxDiskUsagePerURL: write 500MB/,
    ],
  ] as const)
    assert.throws(() => parts(given), message);
});

test('tokens of OAuth 2 and the signed service come to their keys', () => {
  assert.deepEqual(
    parts({
      'remoteWrite.url': ['http://a/w'],
      'remoteWrite.oauth2.clientID': ['me'],
      'remoteWrite.oauth2.clientSecretFile': ['/run/secret'],
      'remoteWrite.oauth2.tokenUrl': ['http://a/token'],
      'remoteWrite.oauth2.scopes': ['read;write'],
      'remoteWrite.oauth2.endpointParams': ['{"audience":"metrics"}'],
      'remoteWrite.aws.useSigv4': ['true'],
      'remoteWrite.aws.service': ['es'],
    }),
    [
      {
        remote_write: [
          {
            url: 'http://a/w',
            oauth2: {
              client_id: 'me',
              client_secret_file: '/run/secret',
              token_url: 'http://a/token',
              scopes: ['read', 'write'],
              endpoint_params: { audience: 'metrics' },
            },
            sigv4: { service_name: 'es' },
          },
        ],
      },
    ],
  );
  assert.throws(
    () =>
      parts({
        'remoteWrite.url': ['http://a/w'],
        'remoteWrite.oauth2.endpointParams': ['{secret'],
      }),
    /endpointParams: it is not valid JSON at character 2 .*write \{"name":"value"\}$/,
  );
});
