/** Whether the names of all endpoints resolve, and to addresses of the right kind. */
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { isAwsHost } from '../aws/endpoints.ts';
import { isMetadataAddress } from '../kernel/metadata-addresses.ts';
import { chooseProxies } from '../kernel/proxy-choice.ts';
import { defineCheck } from './check.ts';
import { describeBriefly, judgeConnection } from './faults.ts';
import { isPrivateAddress } from './private-addresses.ts';
import type { DoctorEdges } from './subject.ts';

export const namesCheck = defineCheck({
  id: 'names',
  looksAt: 'DNS: the names of all endpoints',
  timeoutMs: 15_000,
  kinds: {
    'name-unresolved': {
      severity: 'error',
      means: 'DNS knows no such name.',
      remedy:
        'Correct the name or the region in it. A name of Cloud Map or of a private zone is ' +
        'known in its VPC only; for endpoints of AWS the VPC needs enableDnsSupport, and ' +
        'enableDnsHostnames for private ones.',
      page: 'how-to/fargate-to-amp.md',
    },
    'name-server-silent': {
      severity: 'error',
      means: 'The name servers do not answer.',
      remedy:
        'See /etc/resolv.conf and the DHCP options of the VPC; security groups and network ' +
        'ACLs have to let port 53 out to the resolver, by UDP and TCP.',
      page: 'how-to/fargate-to-amp.md',
    },
    'name-metadata': {
      severity: 'error',
      means: 'The name leads to an address that hands out credentials; it is never asked.',
      remedy: 'Correct the name, or whoever answers for it in DNS.',
      page: 'scraping.md',
    },
    'name-public': {
      severity: 'warning',
      means:
        'A name of a VPC endpoint leads to a public address: the requests do not go through it.',
      remedy: 'Use the resolver of the VPC of the endpoint, and its private DNS names.',
      page: 'how-to/fargate-to-amp.md',
    },
  },
  async look({ uses, asking, edges }, tell) {
    const asked = new Map<string, { readonly what: string; readonly where: string }>();
    for (const { what, where, ...use } of uses) {
      const url = await asking.urlOf({ what, where, ...use }).catch(() => '');
      if (!URL.canParse(url)) continue;
      const proxy = use.connection?.proxy;
      // Behind a proxy it is the proxy that asks DNS.
      const through = proxy && chooseProxies(proxy).of(new URL(url));
      const { hostname } = new URL(through ?? url);
      const name = hostname.replace(/^\[|\]$/g, '');
      if (isIP(name) === 0 && !asked.has(name)) asked.set(name, { what, where });
    }
    if (asked.size === 0) tell.skipped('no name is used');
    await Promise.all(
      [...asked].map(async ([name, use]) => {
        try {
          const found = await resolveName(name, edges);
          const addresses = found.map(({ address }) => address);
          const told = { what: `${name} (${use.what}): ${addresses.join(', ')}`, where: use.where };
          const isEndpoint = isAwsHost(name) && name.includes('.vpce.');
          if (addresses.some(isMetadataAddress)) tell.found('name-metadata', told);
          else if (isEndpoint && !addresses.some(isPrivateAddress)) tell.found('name-public', told);
          else tell.ok(`${name}: ${addresses.slice(0, 4).join(', ')}`);
        } catch (error) {
          const isSilent = judgeConnection(error) === 'resolver';
          tell.found(isSilent ? 'name-server-silent' : 'name-unresolved', {
            what: `${name} (${use.what}) does not resolve`,
            where: use.where,
            evidence: [describeBriefly(error)],
          });
        }
      }),
    );
  },
});

function resolveName(name: string, { resolve }: DoctorEdges): Promise<readonly LookupAddress[]> {
  return new Promise((found, failed) =>
    resolve(name, { all: true }, (error, addresses) =>
      error === null ? found(addresses) : failed(error),
    ),
  );
}
