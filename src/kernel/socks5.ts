/**
 * Connections through a SOCKS5 proxy, without or with user and password. Names of hosts are given
 * to the proxy, which resolves them, as with Go's client: `socks5` and `socks5h` are the same.
 * Limits: a connection is made within CONNECT_MS.
 * Source: https://www.rfc-editor.org/rfc/rfc1928, https://www.rfc-editor.org/rfc/rfc1929
 */
import type { Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { buildConnector } from 'undici';
import type { ProxyChoice } from './proxy-choice.ts';

const CONNECT_MS = 10_000;
const PORT = 1_080;
const [BY_NOTHING, BY_PASSWORD] = [0, 2];

export function isSocksUrl(url: string): boolean {
  return /^socks5h?:\/\//i.test(url);
}

export interface SocksOptions {
  readonly choice: ProxyChoice;
  /** Connects to a host, or to the proxy. */
  readonly direct: buildConnector.connector;
  /** Of connections to hosts by https. */
  readonly tls: ConnectionOptions;
}

/** A connector of undici that goes through the proxy where it is chosen. */
export function socksConnector(options: SocksOptions): buildConnector.connector {
  return (target, callback) => {
    const { protocol, host } = target;
    const proxy = options.choice.of(new URL(`${protocol}//${host ?? target.hostname}`));
    if (proxy === undefined) options.direct(target, callback);
    else void handOn(connectThrough(proxy, options, target), callback);
  };
}

async function handOn(made: Promise<Socket>, callback: buildConnector.Callback): Promise<void> {
  let socket: Socket;
  try {
    socket = await made;
  } catch (error) {
    callback(error as Error, null);
    return;
  }
  callback(null, socket);
}

async function connectThrough(
  proxy: string,
  { direct, tls }: SocksOptions,
  { hostname, port, protocol, servername }: buildConnector.Options,
): Promise<Socket> {
  const url = new URL(proxy);
  const at = { hostname: url.hostname, host: url.host, protocol: 'http:' };
  const socket = await new Promise<Socket>((resolve, reject) =>
    direct({ ...at, port: url.port === '' ? String(PORT) : url.port }, (error, made) =>
      made === null ? reject(error) : resolve(made),
    ),
  );
  const late = setTimeout(
    () => socket.destroy(new Error(`the SOCKS5 proxy took longer than ${CONNECT_MS} ms`)),
    CONNECT_MS,
  );
  try {
    const isSecure = protocol === 'https:';
    await askFor(socket, url, hostname, Number(port) || (isSecure ? 443 : 80));
    return isSecure ? await secure(socket, { servername: servername ?? hostname, ...tls }) : socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

async function askFor(socket: Socket, proxy: URL, host: string, port: number): Promise<void> {
  const user = Buffer.from(decodeURIComponent(proxy.username));
  const password = Buffer.from(decodeURIComponent(proxy.password));
  const methods = user.length > 0 ? [BY_NOTHING, BY_PASSWORD] : [BY_NOTHING];
  socket.write(Buffer.from([5, methods.length, ...methods]));
  const [version, method = 255] = await read(socket, 2);
  if (version !== 5) throw new Error('what proxy_url names is no SOCKS5 proxy');
  if (!methods.includes(method))
    throw new Error('the SOCKS5 proxy wants another way to log in; check user and password');
  if (method === BY_PASSWORD) {
    socket.write(Buffer.from([1, user.length, ...user, password.length, ...password]));
    const [, status] = await read(socket, 2);
    if (status !== 0) throw new Error('the SOCKS5 proxy refused user and password');
  }
  const name = Buffer.from(host.replace(/^\[(.*)\]$/, '$1'));
  if (name.length > 255) throw new Error('the name of the host is longer than 255 bytes');
  socket.write(Buffer.from([5, 1, 0, 3, name.length, ...name, port >> 8, port & 255]));
  const [, reply = 1, , kind] = await read(socket, 4);
  if (reply !== 0) throw new Error(`the SOCKS5 proxy ${REPLIES[reply] ?? 'failed'}`);
  // The address that the proxy uses follows, and its port.
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await read(socket, 1))[0] ?? 0);
  await read(socket, length + 2);
}

const REPLIES: Readonly<Record<number, string>> = {
  2: 'does not allow the connection',
  3: 'cannot reach the network',
  4: 'cannot reach the host',
  5: 'was refused by the host',
};

/** Reads so many bytes; what follows them stays in the socket. */
async function read(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes?.length === length) return bytes;
    if (bytes !== null || socket.readableEnded || socket.destroyed)
      throw socket.errored ?? new Error('the SOCKS5 proxy ended the connection');
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        for (const name of ENDS) socket.off(name, wake);
        resolve();
      };
      for (const name of ENDS) socket.once(name, wake);
    });
  }
}

const ENDS = ['readable', 'end', 'close', 'error'] as const;

function secure(socket: Socket, options: ConnectionOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const made = connectTls({ ...options, socket }, () => {
      made.off('error', reject);
      resolve(made);
    });
    made.once('error', reject);
  });
}
