/**
 * Divides a network of IPv4 into smaller ones that follow each other, as Fn::Cidr does. Pure.
 * Limits: SUBNETS_MAX networks.
 */
import { AwsError } from '../service.ts';

const SUBNETS_MAX = 256;

/** @param bits  of the host's part of each: 8 makes /24. @throws AwsError */
export function divideNetwork(block: string, count: number, bits: number): string[] {
  const refuse = (what: string): never => {
    throw new AwsError('ValidationError', `Template error: Fn::Cidr: ${what}`);
  };
  const [, address = '', length = ''] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(block) ?? [];
  const octets = address.split('.').map(Number);
  const prefix = Number(length);
  if (address === '' || octets.some((octet) => octet > 255) || prefix > 32)
    refuse(`${block} is no block of IPv4`);
  if (!Number.isInteger(count) || count < 1 || count > SUBNETS_MAX)
    refuse(`count must be from 1 to ${SUBNETS_MAX}`);
  if (!Number.isInteger(bits) || bits < 1 || bits > 32) refuse('cidrBits must be from 1 to 32');
  const start = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** bits;
  const first = start - (start % 2 ** (32 - prefix));
  if (size * count > 2 ** (32 - prefix))
    refuse(`${block} has no room for ${count} blocks of /${32 - bits}`);
  return Array.from({ length: count }, (_, i) => {
    const at = first + i * size;
    const parts = [24, 16, 8, 0].map((shift) => Math.floor(at / 2 ** shift) % 256);
    return `${parts.join('.')}/${32 - bits}`;
  });
}
