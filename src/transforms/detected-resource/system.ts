/**
 * The detector `system`: the machine or container that the process runs in.
 * Source: contrib's processor/resourcedetectionprocessor/internal/system/system.go and
 * internal/metadataproviders/system/metadata.go
 */
import { lookup, lookupService, resolveCname, reverse } from 'node:dns/promises';
import { arch, hostname, networkInterfaces, platform } from 'node:os';
import { describeError } from '../../kernel/errors.ts';
import type { HostNameSource } from './settings.ts';
import type { DetectedAttributes } from './transform.ts';

/** Go's names where Node has others. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm32' };

/** @throws  where no source knows the name of the host */
export async function detectSystem(
  sources: readonly HostNameSource[],
): Promise<DetectedAttributes> {
  const outer = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).filter(({ internal }) => !internal).map((one) => ({ name, ...one })),
  );
  const list = (values: readonly string[]): string => JSON.stringify([...new Set(values)]);
  return new Map([
    ['host.name', await findHostName(sources)],
    ['os.type', platform() === 'win32' ? 'windows' : platform()],
    ['host.arch', ARCHITECTURES[arch()] ?? arch()],
    ['host.ip', list(outer.map(({ address }) => address))],
    ['host.mac', list(outer.map(({ mac }) => mac.toUpperCase().replaceAll(':', '-')))],
    ['host.interface', list(Object.keys(networkInterfaces()))],
  ]);
}

async function findHostName(sources: readonly HostNameSource[]): Promise<string> {
  const faults: string[] = [];
  for (const source of sources) {
    try {
      return await HOST_NAMES[source](hostname());
    } catch (error) {
      faults.push(`${source}: ${describeError(error)}`);
    }
  }
  throw new Error(`no source of hostname_sources knows the name of the host: ${faults.join('; ')}`);
}

const HOST_NAMES: Readonly<Record<HostNameSource, (host: string) => Promise<string>>> = {
  os: async (host) => host,
  dns: findQualifiedName,
  cname: async (host) => trimDot((await resolveCname(host))[0] ?? ''),
  lookup: async (host) => {
    const { address } = await lookup(host);
    return trimDot((await reverse(address))[0] ?? '');
  },
};

/** The host's name with its domain, from the hosts file or by DNS. */
async function findQualifiedName(host: string): Promise<string> {
  if (host.includes('.')) return host;
  for (const { address } of await lookup(host, { all: true })) {
    const { hostname: found } = await lookupService(address, 0);
    if (found.startsWith(`${host}.`)) return trimDot(found);
  }
  throw new Error(`no address of ${host} has a name with a domain`);
}

function trimDot(name: string): string {
  if (name === '') throw new Error('there is none');
  return name.replace(/\.$/, '');
}
