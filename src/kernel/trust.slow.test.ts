import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeAuthority } from '../../test/kit/authority.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { ConfigError } from './errors.ts';
import { readTrust } from './trust.ts';

function authorities(context: TestContext): { folder: string; one: string; two: string } {
  const folder = temporaryFolder(context);
  const [one, two] = ['one', 'two'].map((name) => makeAuthority(folder, name).file);
  return { folder, one: one ?? '', two: two ?? '' };
}

test('the flag stands alone, the variables count together, NODE_EXTRA_CA_CERTS is added to either', (context) => {
  const { folder, one, two } = authorities(context);
  const [pemOne, pemTwo] = [one, two].map((file) => readFileSync(file, 'utf8'));
  const dir = path.join(folder, 'dir');
  mkdirSync(dir);
  copyFileSync(two, path.join(dir, 'abcdef.0'));
  writeFileSync(path.join(dir, 'README'), 'no certificate');
  const own = ['node’s own'];
  const cases: [string, string | undefined, Record<string, string>, (string | undefined)[]][] = [
    ['nothing', undefined, {}, own],
    ['empty is unset', undefined, { AWS_CA_BUNDLE: '', SSL_CERT_FILE: '' }, own],
    ['AWS_CA_BUNDLE', undefined, { AWS_CA_BUNDLE: one }, [pemOne]],
    ['SSL_CERT_FILE', undefined, { SSL_CERT_FILE: one }, [pemOne]],
    ['SSL_CERT_DIR', undefined, { SSL_CERT_DIR: `${dir}${path.delimiter}${dir}` }, [pemTwo]],
    ['both', undefined, { AWS_CA_BUNDLE: one, SSL_CERT_FILE: two }, [pemOne, pemTwo]],
    ['twice the same', undefined, { AWS_CA_BUNDLE: one, SSL_CERT_FILE: one }, [pemOne]],
    ['extra alone', undefined, { NODE_EXTRA_CA_CERTS: one }, [...own, pemOne]],
    ['extra beside', undefined, { AWS_CA_BUNDLE: one, NODE_EXTRA_CA_CERTS: two }, [pemOne, pemTwo]],
    ['flag', two, { AWS_CA_BUNDLE: one, SSL_CERT_FILE: '/nowhere' }, [pemTwo]],
    ['flag and extra', two, { NODE_EXTRA_CA_CERTS: one }, [pemTwo, pemOne]],
  ];
  for (const [name, file, env, expected] of cases)
    assert.deepEqual(
      readTrust({ file, env }, own).certificates.map((pem) => pem.trim()),
      expected.map((pem) => pem?.trim()),
      name,
    );
});

test('an unusable bundle is an error that names its flag or variable, the file and the remedy', (context) => {
  const { folder, one } = authorities(context);
  const bad = path.join(folder, 'bad.pem');
  const broken = readFileSync(one, 'utf8').replace(/\n.{40}/, '\n');
  writeFileSync(bad, readFileSync(one, 'utf8') + broken);
  const empty = path.join(folder, 'empty.pem');
  writeFileSync(empty, '');
  mkdirSync(path.join(folder, 'none'));
  const cases: [string | undefined, Record<string, string>, RegExp][] = [
    [
      undefined,
      { AWS_CA_BUNDLE: '/no/ca.pem' },
      /AWS_CA_BUNDLE names "\/no\/ca.pem".*ENOENT.*unset/,
    ],
    [
      undefined,
      { SSL_CERT_FILE: empty },
      /SSL_CERT_FILE names ".*empty.pem".*holds no certificate/,
    ],
    [undefined, { SSL_CERT_FILE: folder }, /SSL_CERT_FILE names .*EISDIR/],
    [
      undefined,
      { NODE_EXTRA_CA_CERTS: bad },
      /NODE_EXTRA_CA_CERTS .* certificate 2 of 2 cannot be read/,
    ],
    [undefined, { SSL_CERT_DIR: path.join(folder, 'none') }, /SSL_CERT_DIR .* no file there holds/],
    ['/no/ca.pem', {}, /--tls.ca-file names "\/no\/ca.pem".*ENOENT.*name a PEM bundle$/],
  ];
  for (const [file, env, words] of cases)
    assert.throws(
      () => readTrust({ file, env }, []),
      (error: unknown) =>
        error instanceof ConfigError && error.code === 'TRUST_FILE' && words.test(error.message),
      String(words),
    );
});
