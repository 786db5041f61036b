/** Makes what divides the targets, by the flags of `collect`: a fixed share, or the ECS service. */
import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import type { CallLimits } from '../../discovery/call-limits.ts';
import { EcsMembers } from '../../discovery/ecs/members.ts';
import { ConfigError } from '../../kernel/errors.ts';
import { splitListen } from '../../kernel/listen-address.ts';
import type { World } from '../../kernel/world.ts';
import { splitNames } from '../../settings/text.ts';
import { fixedSharing, parseShard } from '../../sharding/fixed.ts';
import { Membership } from '../../sharding/membership.ts';
import type { Sharing } from '../../sharding/sharing.ts';
import type { SharedFolder } from './shared-folder.ts';

export interface ShardFlags {
  readonly shard?: string;
  readonly 'shard.listenAddress': string;
  readonly 'shard.peers'?: string;
  readonly 'storage.path': string;
  readonly 'storage.shared'?: boolean;
}

/** This port of the task's own address. */
export const LISTEN_DEFAULT = ':9094';

/** The share of AWS' call rate that each collector may use. There are many of them. */
const CALL_BUDGET = 0.5;
const NAMES_MAX = 100;

/** Undefined where the collector scrapes all targets. @throws ConfigError for a wrong flag */
export function createSharing(
  flags: ShardFlags,
  env: Readonly<Record<string, string | undefined>>,
  world: World,
  callLimits: CallLimits,
  shared: SharedFolder | undefined,
): Sharing | undefined {
  const { shard } = flags;
  const isListenGiven = flags['shard.listenAddress'] !== LISTEN_DEFAULT;
  if (shard !== 'ecs' && (flags['shard.peers'] !== undefined || isListenGiven))
    throw new ConfigError(
      'FLAG_COMBINATION',
      '--shard.peers and --shard.listen-address need --shard ecs; elsewhere leave them out',
    );
  if (shard !== 'ecs' && shared !== undefined)
    throw new ConfigError(
      'FLAG_COMBINATION',
      '--storage.shared needs --shard ecs; other collectors have a --storage.path each',
    );
  if (shard === undefined) return undefined;
  if (shard !== 'ecs') {
    const holds = parseShard(shard);
    if (holds === undefined)
      throw new ConfigError(
        'FLAG_VALUE',
        `--shard "${shard}" is neither ecs nor i/n with i from 0 to n - 1 and n at most ` +
          '1000, as in 0/3',
      );
    return fixedSharing(holds);
  }
  const metadataUri = env['ECS_CONTAINER_METADATA_URI_V4'];
  if (metadataUri === undefined)
    throw new ConfigError(
      'METADATA_ENDPOINT',
      '--shard ecs needs ECS_CONTAINER_METADATA_URI_V4, which ECS sets; elsewhere use --shard i/n',
    );
  const ending = new AbortController();
  return new Membership({
    world,
    source: new EcsMembers(
      { metadataUri, access: { call_budget: CALL_BUDGET } },
      { ...world, mechanism: 'members', signal: ending.signal, baseDirectory: '.', callLimits },
    ),
    listen: parseListenAddress(flags['shard.listenAddress']),
    file: join(flags['storage.path'], 'shard-members.json'),
    findHosts: makeHostLookup(flags['shard.peers']),
    folder: shared?.ownName,
    storage: shared,
    ending,
  });
}

/** Without a host, as in `:9094`, it is this port of the task's own address. */
function parseListenAddress(text: string): { host: string | undefined; port: number } {
  const address = splitListen(text);
  if (address === undefined || address.port === 0)
    throw new ConfigError(
      'LISTEN_ADDRESS',
      `--shard.listen-address "${text}" is not host:port with the port that all collectors ` +
        'have; write for example :9094',
    );
  return { host: address.host === '' ? undefined : address.host, port: address.port };
}

function makeHostLookup(text: string | undefined): (() => Promise<readonly string[]>) | undefined {
  if (text === undefined) return undefined;
  const names = splitNames(text);
  if (names.length === 0 || names.length > NAMES_MAX)
    throw new ConfigError(
      'FLAG_VALUE',
      `--shard.peers "${text.slice(0, 100)}" is no list of 1 to ${NAMES_MAX} names; write ` +
        'for example collectors.internal',
    );
  return async () => {
    const found = await Promise.all(names.map((name) => lookup(name, { all: true })));
    return [...new Set(found.flat().map(({ address }) => address))];
  };
}
