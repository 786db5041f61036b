/**
 * Loaded into a container's Node process before its own code (`--import`): what the process sees of
 * network and files is what its container would see. Listening on all addresses, or on localhost,
 * is listening on the task's address, and localhost is that address; names of private namespaces
 * are answered by Cloud Map; hosts of AWS are the emulator, also by TLS, which ends here; folders
 * that are mounted lie elsewhere.
 */
import dgram from 'node:dgram';
import dns from 'node:dns';
import dnsPromises from 'node:dns/promises';
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';
import { isAwsHost } from '../../../aws/endpoints.ts';
import { readContainerView } from './view-text.ts';

type Call = (this: unknown, ...given: unknown[]) => unknown;
type Place = Record<string, unknown>;

const view = readContainerView(process.env);
const emulator = new URL(view.emulator);
const EVERYWHERE = new Set<unknown>(['0.0.0.0', '::', '', undefined, null]);
const LOCALHOST = new Set<unknown>(['localhost', '127.0.0.1', '::1', '::ffff:127.0.0.1']);
const INSTANCE_METADATA = '169.254.169.254';

const isEmulator = (host: unknown, port: unknown): boolean =>
  host === emulator.hostname && Number(port) === Number(emulator.port);
/** Connections within the machine come from the task's own address. */
const isWithin = (host: unknown): boolean => typeof host === 'string' && host.startsWith('127.');
const fromTask = (host: unknown): Place => (isWithin(host) ? { localAddress: view.address } : {});
const atEmulator = {
  host: emulator.hostname,
  port: Number(emulator.port),
  ...fromTask(emulator.hostname),
};
const mapPort = (port: unknown): unknown => view.ports[String(port)] ?? port;
const isObject = (value: unknown): value is Place =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Replaces functions of an object; each gets the one before. */
function wrap(target: object, names: readonly string[], make: (before: Call) => Call): void {
  const table = target as Record<string, Call | undefined>;
  for (const name of names) {
    const before = table[name];
    if (typeof before !== 'function') continue;
    table[name] = Object.assign(make(before), before);
  }
}

/** Where a server listens: a path or a handle stays, an address of one's own becomes the task's. */
function mapListening(given: unknown[]): unknown[] {
  const [first, second, ...rest] = given;
  if (isObject(first) && 'port' in first && !('fd' in first)) {
    const { host, port } = first;
    const isOwn = EVERYWHERE.has(host) || LOCALHOST.has(host);
    const place = isOwn ? { host: view.address, port: mapPort(port), ipv6Only: false } : {};
    return [{ ...first, ...place }, second, ...rest];
  }
  const isPort = typeof first === 'number' || /^\d+$/.test(String(first));
  if (!isPort) return given;
  if (typeof second !== 'string') return [mapPort(first), view.address, second, ...rest];
  return EVERYWHERE.has(second) || LOCALHOST.has(second)
    ? [mapPort(first), view.address, ...rest]
    : given;
}

/** Where a connection goes. */
function mapPlace(place: Place): Place {
  const { host, port } = place;
  if ('path' in place && place['path'] !== undefined && port === undefined) return place;
  if (isEmulator(host, port)) return { ...place, ...fromTask(host) };
  if (host === INSTANCE_METADATA || (typeof host === 'string' && isAwsHost(host)))
    return { ...place, ...atEmulator };
  if (!LOCALHOST.has(host) && !EVERYWHERE.has(host)) return { ...place, ...fromTask(host) };
  const own = view.address;
  return { ...place, host: own, port: mapPort(port), ...fromTask(own) };
}

function mapConnecting(given: unknown[]): unknown[] {
  const [first, second, ...rest] = given;
  // net.connect hands over its arguments as a list that it has marked.
  if (Array.isArray(first)) {
    const list: unknown[] = first;
    if (isObject(list[0])) list[0] = mapPlace(list[0]);
    return given;
  }
  if (isObject(first)) return [mapPlace(first), second, ...rest];
  if (typeof first !== 'number' && !/^\d+$/.test(String(first))) return given;
  const host = typeof second === 'string' ? second : undefined;
  const place = mapPlace({ host, port: Number(first) });
  return [place, ...(host === undefined && second !== undefined ? [second] : []), ...rest];
}

wrap(
  net.Server.prototype,
  ['listen'],
  (listen) =>
    function listenMapped(...given) {
      return Reflect.apply(listen, this, mapListening(given));
    },
);
wrap(
  net.Socket.prototype,
  ['connect'],
  (connect) =>
    function connectMapped(...given) {
      return Reflect.apply(connect, this, mapConnecting(given));
    },
);

/** TLS to a host of AWS ends here: the connection to the emulator is plain. */
wrap(
  tls,
  ['connect'],
  (connect) =>
    function connectPlain(...given) {
      const options = given.find(isObject) ?? {};
      const host = options['host'] ?? options['servername'];
      if (typeof host !== 'string' || !isAwsHost(host)) return Reflect.apply(connect, this, given);
      const socket = net.connect(atEmulator);
      Object.assign(socket, { encrypted: true, authorized: true, alpnProtocol: false });
      const callback = given.find((one) => typeof one === 'function');
      if (callback !== undefined) socket.once('secureConnect', callback as () => void);
      socket.once('connect', () => socket.emit('secureConnect'));
      return socket;
    },
);

wrap(
  dgram.Socket.prototype,
  ['bind'],
  (bind) =>
    function bindMapped(...given) {
      const [first, second, ...rest] = given;
      if (isObject(first)) {
        if ('fd' in first) return Reflect.apply(bind, this, given);
        const { address } = first;
        const isOwn = EVERYWHERE.has(address) || LOCALHOST.has(address);
        const place = isOwn ? { address: view.address } : {};
        return Reflect.apply(bind, this, [{ ...first, ...place }, second, ...rest]);
      }
      if (typeof second === 'string' && !EVERYWHERE.has(second) && !LOCALHOST.has(second))
        return Reflect.apply(bind, this, given);
      const isPort = typeof first === 'number';
      const callbacks = [isPort ? undefined : first, second, ...rest].filter(
        (one) => typeof one === 'function',
      );
      return Reflect.apply(bind, this, [isPort ? first : 0, view.address, ...callbacks]);
    },
);
wrap(
  dgram.Socket.prototype,
  ['send', 'connect'],
  (send) =>
    function sendMapped(...given) {
      const mapped = given.map((one, index) =>
        index > 0 && LOCALHOST.has(one) ? view.address : one,
      );
      return Reflect.apply(send, this, mapped);
    },
);

interface PrivateName {
  readonly addresses: readonly string[];
  readonly services: readonly { readonly name: string; readonly port: number }[];
}

/** What Cloud Map knows of a name; undefined for one of no private namespace. */
function askCloudMap(name: string): Promise<PrivateName | undefined> {
  return new Promise((resolve) => {
    const path = `/_emulator/names/${encodeURIComponent(name)}`;
    const request = http.get({ ...atEmulator, path, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (data: Buffer) => (text += data.toString()));
      answer.on('end', () =>
        resolve(answer.statusCode === 200 ? (JSON.parse(text) as PrivateName) : undefined),
      );
    });
    request.on('error', () => resolve(undefined));
  });
}

async function findOwn(name: string): Promise<readonly string[] | undefined> {
  if (net.isIP(name) !== 0) return undefined;
  if (LOCALHOST.has(name)) return [view.address];
  if (isAwsHost(name)) return [emulator.hostname];
  return name.includes('.') ? (await askCloudMap(name))?.addresses : undefined;
}

function notFound(name: string): Error {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
    code: 'ENOTFOUND',
    errno: -3_008,
    syscall: 'getaddrinfo',
    hostname: name,
  });
}

const toFound = (address: string): { address: string; family: number } => ({
  address,
  family: net.isIP(address),
});

wrap(
  dns,
  ['lookup'],
  (lookup) =>
    function lookupMapped(...given) {
      const [name, options] = given;
      const tell = given.at(-1) as (error: Error | null, ...found: unknown[]) => void;
      const isAll = isObject(options) && options['all'] === true;
      findOwn(String(name)).then(
        (addresses) => {
          if (addresses === undefined) return void Reflect.apply(lookup, this, given);
          const [first] = addresses;
          if (first === undefined) tell(notFound(String(name)));
          else if (isAll) tell(null, addresses.map(toFound));
          else tell(null, first, net.isIP(first));
        },
        (error: unknown) => tell(error as Error),
      );
    },
);
wrap(
  dnsPromises,
  ['lookup'],
  (lookup) =>
    async function lookupMapped(...given) {
      const [name, options] = given;
      const addresses = await findOwn(String(name));
      if (addresses === undefined) return Reflect.apply(lookup, this, given);
      const [first] = addresses;
      if (first === undefined) throw notFound(String(name));
      const isAll = isObject(options) && options['all'] === true;
      return isAll ? addresses.map(toFound) : toFound(first);
    },
);
for (const [method, read] of [
  ['resolve4', ({ addresses }: PrivateName): unknown => addresses],
  [
    'resolveSrv',
    ({ services }: PrivateName): unknown =>
      services.map((one) => ({ ...one, priority: 1, weight: 1 })),
  ],
] as const)
  wrap(
    dnsPromises.Resolver.prototype,
    [method],
    (resolve) =>
      async function resolveMapped(...given) {
        const found = await askCloudMap(String(given[0]));
        return found === undefined ? Reflect.apply(resolve, this, given) : read(found);
      },
  );

const ONE_PATH =
  'access appendFile chmod chown createReadStream createWriteStream exists lchown lstat lutimes ' +
  'mkdir mkdtemp open openAsBlob opendir readFile readdir readlink realpath rm rmdir stat statfs ' +
  'truncate unlink unwatchFile utimes watch watchFile writeFile';
const TWO_PATHS = 'copyFile cp link rename symlink';

/** A path of the container as one of this machine; what is no text stays. */
function mapPath(path: unknown): unknown {
  const text = path instanceof URL && path.protocol === 'file:' ? path.pathname : path;
  if (typeof text !== 'string') return path;
  const mount = view.mounts.find(({ at }) => text === at || text.startsWith(`${at}/`));
  return mount === undefined ? path : mount.folder + text.slice(mount.at.length);
}

function wrapPaths(target: object): void {
  for (const [words, count] of [
    [ONE_PATH, 1],
    [TWO_PATHS, 2],
  ] as const)
    wrap(
      target,
      words.split(' ').flatMap((name) => [name, `${name}Sync`]),
      (before) =>
        function withPaths(...given) {
          const mapped = given.map((one, index) => (index < count ? mapPath(one) : one));
          return Reflect.apply(before, this, mapped);
        },
    );
}

if (view.mounts.length > 0) {
  wrapPaths(fs);
  wrapPaths(fs.promises);
}
syncBuiltinESMExports();
