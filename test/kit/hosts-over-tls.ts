/**
 * Names of AWS, at which a server of the test answers over TLS. Commands reach it through an HTTP
 * proxy that their environment names, and trust its authority.
 */
import { createServer, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { makeAuthority, startTlsServer } from './authority.ts';
import { listen } from './listen.ts';

export interface HostsOverTls {
  /** Names the proxy. */
  readonly env: Record<string, string>;
  /** The file of the authority to trust. */
  readonly authority: string;
}

export async function startHostsOverTls(
  context: TestContext,
  folder: string,
  hosts: readonly string[],
  handle: RequestListener,
): Promise<HostsOverTls> {
  const authority = makeAuthority(folder, 'aws', [...hosts]);
  const port = await startTlsServer(context, authority, handle);
  const proxy = createServer().on('connect', (incoming, socket) => {
    if (!hosts.some((host) => incoming.url === `${host}:443`)) return void socket.destroy();
    const upstream = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    upstream.pipe(socket).pipe(upstream);
  });
  const { url } = await listen(context, proxy);
  return { env: { HTTPS_PROXY: url, https_proxy: url }, authority: authority.file };
}
