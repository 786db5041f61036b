/**
 * The demo's ports: the usual ones, checked before anything starts, or any free ones.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { type AddressInfo } from 'node:net';
import { ConfigError } from '../../kernel/errors.ts';

export const PORTS = {
  emulate: 4566,
  workspace: 9009,
  'sample-app': 3000,
  exporter: 9779,
  discover: 9001,
  collect: 9090,
  // The collector's receiver.
  otlp: 4318,
  xray: 2000,
  // Metrics and health of the same stage.
  'xray-metrics': 2001,
} as const;

export type PortName = keyof typeof PORTS;
export type Ports = Readonly<Record<PortName, number>>;

/** Ports that take datagrams too. */
const WITH_UDP: readonly string[] = ['xray'];

/** The usual ports. @throws ConfigError PORT_IN_USE that names every port that is taken */
export async function claimPorts(): Promise<Ports> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(PORTS)) {
    if ((await tryPort(name, port)) === undefined) taken.push(`${port} (${name})`);
  }
  if (taken.length > 0) {
    throw new ConfigError(
      'PORT_IN_USE',
      `in use by another process: port ${taken.join(', port ')}; stop that process, or let ` +
        'the demo choose with: npm start -- --free-ports',
    );
  }
  return PORTS;
}

/** As many ports that are free now. */
export async function findFreePorts(): Promise<Ports> {
  const found = new Set<number>();
  const ports: Record<string, number> = {};
  for (const name of Object.keys(PORTS)) {
    let port: number | undefined;
    do port = await tryPort(name, 0);
    while (port === undefined || found.has(port));
    found.add(port);
    ports[name] = port;
  }
  return ports as Ports;
}

async function tryPort(name: string, port: number): Promise<number | undefined> {
  const found = await tryListen(port);
  if (found === undefined || !WITH_UDP.includes(name)) return found;
  return (await tryBind(found)) ? found : undefined;
}

/** Whether datagrams can be received at a port. */
function tryBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}

/** Listens on a port for a moment and returns it; undefined when it is taken. 0: any free port. */
function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const bound = (server.address() as AddressInfo).port;
      server.close(() => resolve(bound));
    });
  });
}
