/**
 * dns_sd_configs: the records of domain names as targets, looked up once per interval. A name that
 * cannot be resolved keeps its last records and does not delay the others; a name without records
 * has no targets. DNS answers of Cloud Map hold at most eight addresses; cloudmap_sd_configs finds
 * all instances.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#dns_sd_config
 */
import { Resolver } from 'node:dns/promises';
import * as z from 'zod';
import type { TargetGroup } from '../model/target.ts';
import { joinHostPort } from './labels.ts';
import { defineMechanism, type DiscoveryWorld, pollLists } from './mechanism.ts';
import { PartialList } from './partial-list.ts';
import { refreshIntervalSchema } from '../settings/refresh-interval.ts';
import { portSchema } from '../settings/count.ts';
import { listOf, textSchema } from '../settings/text.ts';

const TYPES = ['SRV', 'A', 'AAAA', 'MX', 'NS'] as const;

const schema = z
  .strictObject({
    names: listOf(textSchema)
      .min(1, 'must name a domain')
      .meta({ description: 'Domain names.', examples: [['metrics.internal.local']] }),
    type: z
      .preprocess(
        (text) => (typeof text === 'string' ? text.toUpperCase() : text),
        z.enum(TYPES, { error: `must be one of ${TYPES.join(', ')}` }).default('SRV'),
      )
      .describe('Type of the records that are asked for.'),
    port: portSchema
      .optional()
      .describe('Port of every target; needed for all types but SRV, which has its own.'),
    refresh_interval: refreshIntervalSchema(30_000),
  })
  .refine((config) => config.type === 'SRV' || config.port !== undefined, {
    error: '"port" is needed for all types but SRV',
    path: ['port'],
  })
  .describe('Targets from the records of domain names.');

type DnsConfig = z.output<typeof schema>;

interface DnsRecord {
  readonly host: string;
  readonly port?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export const dnsMechanism = defineMechanism({
  key: 'dns_sd_configs',
  schema,
  discover(config, world) {
    const parts = new PartialList('name', world);
    const names = [...new Set(config.names)];
    return pollLists(config.refresh_interval, world, async () => {
      const readOne = async (name: string): Promise<readonly TargetGroup[]> => [
        await readName(name, config, world),
      ];
      await Promise.all(names.map((name) => parts.read(name, () => readOne(name))));
      return parts.conclude(names);
    });
  },
});

async function readName(
  name: string,
  { type, port = 0 }: DnsConfig,
  world: DiscoveryWorld,
): Promise<TargetGroup> {
  const lookups = world.metrics.counters('prometheus_sd_dns_lookups_total', 'DNS-SD lookups.');
  lookups.with({}).inc();
  const servers = world.dnsServers;
  const resolver = new Resolver({ timeout: 5_000, tries: 2 });
  if (servers !== undefined) resolver.setServers([...servers]);
  let records: readonly DnsRecord[];
  try {
    records = await resolve(resolver, name, type);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // These codes mean that the name server answered: there are no records. Any other error leaves
    // the known records as they are.
    if (code !== 'ENODATA' && code !== 'ENOTFOUND') {
      const failed = 'prometheus_sd_dns_lookup_failures_total';
      world.metrics.counters(failed, 'DNS-SD lookups that failed.').with({}).inc();
      throw new Error(`DNS ${type} ${name}: ${code ?? String(error)}`, { cause: error });
    }
    records = [];
  }
  return {
    source: name,
    labels: {},
    targets: records.map(({ host, port: own = port, labels }) => ({
      __address__: joinHostPort(host, own),
      __meta_dns_name: name,
      __meta_dns_srv_record_target: '',
      __meta_dns_srv_record_port: '',
      __meta_dns_mx_record_target: '',
      __meta_dns_ns_record_target: '',
      ...labels,
    })),
  };
}

/**
 * In the labels host names keep the final dot that makes them absolute; in the address they lose
 * it. Prometheus does the same.
 */
async function resolve(
  resolver: Resolver,
  name: string,
  type: DnsConfig['type'],
): Promise<readonly DnsRecord[]> {
  switch (type) {
    case 'A':
      return (await resolver.resolve4(name)).map((host) => ({ host }));
    case 'AAAA':
      return (await resolver.resolve6(name)).map((host) => ({ host }));
    case 'SRV':
      return (await resolver.resolveSrv(name)).map(({ name: host, port }) => ({
        host,
        port,
        labels: {
          __meta_dns_srv_record_target: `${host}.`,
          __meta_dns_srv_record_port: String(port),
        },
      }));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ exchange }) => ({
        host: exchange,
        labels: { __meta_dns_mx_record_target: `${exchange}.` },
      }));
    case 'NS':
      return (await resolver.resolveNs(name)).map((host) => ({
        host,
        labels: { __meta_dns_ns_record_target: `${host}.` },
      }));
  }
}
