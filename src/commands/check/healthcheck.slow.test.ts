/** The health check over TLS, and as a process: what it loads counts against each container. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeAuthority, startTlsServer } from '../../../test/kit/authority.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';

const MAIN = path.resolve(import.meta.dirname, '../../main.ts');

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

async function check(words: readonly string[], node: readonly string[] = []): Promise<Ended> {
  const child = spawn(process.execPath, [...node, MAIN, 'check', 'healthcheck', ...words]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => (output += String(part)));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, output };
}

async function serveTls(context: TestContext): Promise<{ port: number; file: string }> {
  const authority = makeAuthority(temporaryFolder(context), 'ours', ['metrics.internal']);
  const port = await startTlsServer(context, authority, (_, response) => response.end());
  return { port, file: authority.file };
}

test('a certificate is checked by --tls.ca-file, and by the name that is given', async (context) => {
  const { port, file } = await serveTls(context);
  const url = `https://127.0.0.1:${port}/`;
  const unknown = await check([url]);
  assert.equal(unknown.status, 1);
  assert.match(unknown.output, /^amperage: https:.* unable to verify .*\[UNHEALTHY\]/);
  assert.equal((await check([url, '--tls.ca-file', file])).status, 0);
  const named = [url, '--tls.ca-file', file, '--tls.server-name'];
  assert.equal((await check([...named, 'metrics.internal'])).status, 0);
  const other = await check([...named, 'other.internal']);
  assert.equal(other.status, 1);
  assert.match(other.output, /other\.internal.* is not in the cert's altnames/);
});

test('it loads neither schemas nor another client of HTTP', async (context) => {
  const server = createServer((_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { status, output } = await check([url], ['--import', LISTING]);
  assert.equal(status, 0, output);
  const packages = [...output.matchAll(/^loaded .*node_modules\/((?:@[^/]+\/)?[^/]+)/gm)];
  assert.deepEqual([...new Set(packages.map(([, name]) => name))], ['commander']);
});

/** Prints each module that is loaded. */
const LISTING = `data:text/javascript,${encodeURIComponent(
  'import { registerHooks } from "node:module"; registerHooks({ load(url, context, next) ' +
    '{ console.log("loaded " + url); return next(url, context); } });',
)}`;
