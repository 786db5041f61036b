/** Blocks of IPv4 addresses, `10.0.0.0/16`. Pure. */

export interface Cidr {
  /** The first address, as a number. */
  readonly first: number;
  readonly size: number;
  readonly bits: number;
}

/** Undefined for what is no block; bits of the host are cleared, as AWS does. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((part) => part > 255) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { first: address - (address % size), size, bits };
}

export function formatCidr({ first, bits }: Cidr): string {
  return `${formatAddress(first)}/${bits}`;
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** Undefined for what is no address. */
export function parseAddress(text: string): number | undefined {
  return parseCidr(`${text}/32`)?.first;
}

export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return inner.first >= outer.first && inner.first + inner.size <= outer.first + outer.size;
}

export function overlapsCidr(one: Cidr, other: Cidr): boolean {
  return one.first < other.first + other.size && other.first < one.first + one.size;
}
