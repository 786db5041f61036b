/**
 * How many datagrams the kernel dropped because a socket's receive buffer was full: the last column
 * of /proc/net/udp and udp6. The count is the socket's own and begins at 0 with it. Linux only.
 * Source: https://docs.kernel.org/networking/proc_net_tcp.html, net/ipv4/udp.c udp4_format_sock
 */
import { readFile } from 'node:fs/promises';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** Undefined where the system does not tell: another than Linux, or no such socket. */
export async function readKernelDrops(address: SocketAddress): Promise<number | undefined> {
  const file = address.family === 4 ? '/proc/net/udp' : '/proc/net/udp6';
  try {
    return findKernelDrops(await readFile(file, 'latin1'), address);
  } catch {
    return undefined;
  }
}

/** The drops of a socket in the text of /proc/net/udp or udp6; undefined when it is not there. */
export function findKernelDrops(table: string, address: SocketAddress): number | undefined {
  const local = formatLocal(address);
  let sum: number | undefined;
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    const drops = Number(columns[12]);
    // Sockets that share an address (SO_REUSEPORT) are counted together.
    if (columns[1] === local && Number.isInteger(drops)) sum = (sum ?? 0) + drops;
  }
  return sum;
}

/**
 * An address as the table has it: words of 32 bits as a little-endian machine prints them, which
 * all machines of ECS are; a colon and the port.
 */
function formatLocal({ host, port, family }: SocketAddress): string {
  const bytes = family === 4 ? host.split('.').map(Number) : parseIpv6(host);
  const hex = (value: number, digits: number): string =>
    value.toString(16).toUpperCase().padStart(digits, '0');
  let words = '';
  for (let start = 0; start < bytes.length; start += 4)
    words += bytes
      .slice(start, start + 4)
      .toReversed()
      .map((byte) => hex(byte, 2))
      .join('');
  return `${words}:${hex(port, 4)}`;
}

/** The 16 bytes of an address that the system has printed, without a scope. */
function parseIpv6(host: string): number[] {
  // A URL writes an IPv4 address at the end as two groups.
  const [plain = ''] = host.split('%');
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const split = (groups: string): number[] =>
    groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [split(head), split(tail ?? '')];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}
