/**
 * What the private DNS of an emulated VPC answers: the addresses of the instances of a service of
 * Cloud Map, or of one instance of it, and their ports.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/dg/services-route53.html
 */
import { isServed } from './instances.ts';
import type { CloudMapStore } from './store.ts';

export interface PrivateName {
  readonly addresses: readonly string[];
  /** SRV records, whose names are those of the instances. */
  readonly services: readonly { readonly name: string; readonly port: number }[];
}

/** DNS answers with at most eight instances. */
const ANSWERED_MAX = 8;

/** @returns undefined for a name that is in no private namespace */
export function resolvePrivateName(store: CloudMapStore, name: string): PrivateName | undefined {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  for (const namespace of store.namespaces.values()) {
    if (namespace.Type !== 'DNS_PRIVATE' || !wanted.endsWith(`.${namespace.Name}`)) continue;
    const prefix = wanted.slice(0, -namespace.Name.length - 1);
    for (const service of store.services.values()) {
      const isWhole = service.Name === prefix;
      const isOne = prefix.endsWith(`.${service.Name}`);
      if (service.NamespaceId !== namespace.Id || service.Type === 'HTTP') continue;
      if (!isWhole && !isOne) continue;
      const id = isOne ? prefix.slice(0, -service.Name.length - 1) : undefined;
      const found = [...service.instances]
        .filter(([one]) => (id ?? one) === one && isServed(service, one))
        .slice(0, ANSWERED_MAX);
      return {
        addresses: found.flatMap(([, { AWS_INSTANCE_IPV4: address }]) => address ?? []),
        services: found.flatMap(([one, { AWS_INSTANCE_PORT: port }]) =>
          port === undefined
            ? []
            : [{ name: `${one}.${service.Name}.${namespace.Name}`, port: Number(port) }],
        ),
      };
    }
    return { addresses: [], services: [] };
  }
  return undefined;
}
