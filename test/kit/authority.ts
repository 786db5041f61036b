/**
 * Certificates for tests, made by openssl: an authority with a server certificate that it signed,
 * and self-signed certificates.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { onEnd } from './ending.ts';

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

export interface Authority {
  /** The file of the authority's certificate, PEM. */
  readonly file: string;
  /** Certificate and key of a server at localhost, 127.0.0.1 and the hosts given. */
  readonly server: { readonly cert: string; readonly key: string };
}

/** Makes an authority with openssl, in files of the folder whose names begin with `name`. */
export function makeAuthority(
  folder: string,
  name: string,
  hosts: readonly string[] = [],
): Authority {
  const at = (end: string): string => path.join(folder, `${name}-${end}`);
  const openssl = (...given: string[]): void =>
    void execFileSync('openssl', given, { stdio: 'ignore' });
  const ca = ['-x509', '-subj', `/CN=${name}`, '-keyout', at('ca.key'), '-out', at('ca.pem')];
  openssl('req', ...EC, ...ca);
  openssl('req', ...EC, '-subj', '/CN=localhost', '-keyout', at('key.pem'), '-out', at('csr.pem'));
  const names = ['DNS:localhost', 'IP:127.0.0.1', ...hosts.map((host) => `DNS:${host}`)];
  writeFileSync(at('names'), `subjectAltName=${names.join(',')}`);
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
  const made = ['-in', at('csr.pem'), '-out', at('cert.pem'), '-extfile', at('names')];
  openssl('x509', '-req', ...made, ...signer);
  const read = (end: string): string => readFileSync(at(end), 'utf8');
  return { file: at('ca.pem'), server: { cert: read('cert.pem'), key: read('key.pem') } };
}

/** Listens with TLS until the test ends. @returns the port */
export async function startTlsServer(
  context: TestContext,
  { server: pair }: Authority,
  listener: RequestListener,
): Promise<number> {
  const server = createServer(pair, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(context, () => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export interface Certificate {
  /** Files of the certificate and of its key, PEM. */
  readonly files: { readonly cert: string; readonly key: string };
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a self-signed certificate for the DNS name `host`, in files of the folder whose names begin
 * with `name`.
 */
export function makeCertificate(folder: string, name: string, host = name): Certificate {
  const files = { cert: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const written = ['-keyout', files.key, '-out', files.cert];
  execFileSync('openssl', ['req', '-x509', ...EC, ...subject, ...written], { stdio: 'ignore' });
  return { files, cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
}
