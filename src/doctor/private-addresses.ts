/** Which addresses are of a private network: RFC 1918, 4193, 6598, and those of one machine. */
import { BlockList, isIP } from 'node:net';

const blocks = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const)
  blocks.addSubnet(net, bits);
blocks.addSubnet('fc00::', 7, 'ipv6');
blocks.addSubnet('fe80::', 10, 'ipv6');
blocks.addAddress('::1', 'ipv6');

export function isPrivateAddress(address: string): boolean {
  return blocks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
