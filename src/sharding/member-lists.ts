/**
 * Where a collector learns of the others. First from ECS. If that fails, from the last list that it
 * knows or has on disk, together with the answers of all addresses behind the collectors' DNS name,
 * which are asked who they are and whom they know.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolders } from '../kernel/folders.ts';
import { writePrivately } from '../kernel/atomic-file.ts';
import { sealText, unsealText } from '../kernel/checked-text.ts';
import { Outage } from '../kernel/outage.ts';
import { readPrivately } from '../kernel/private-files.ts';
import type { World } from '../kernel/world.ts';
import { type Member, type MemberList, type PeerState, peerStateSchema } from './peer-state.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';

const FILE_MAX_BYTES = 16 * 1024 * 1024;

export interface SourceMember {
  readonly id: string;
  readonly host: string | undefined;
  readonly isStarting?: boolean;
}

/** Tells which collectors there are: ECS, outside of tests. Both reject when it can't be read. */
export interface MemberSource {
  /** This collector, with its own address. */
  own(): Promise<{ readonly id: string; readonly host: string | undefined }>;
  /** All collectors that may scrape, with this one. @param before  ids of the last list */
  list(before: readonly string[]): Promise<readonly SourceMember[]>;
}

export interface MemberListsOptions {
  readonly world: Pick<World, 'clock' | 'log' | 'http'>;
  readonly source: MemberSource;
  /** The port at which all collectors answer each other. */
  readonly port: number;
  /** Path of the file that keeps the last list over a restart. */
  readonly file: string;
  /** Addresses of the collectors by DNS, used when ECS can't be asked. */
  readonly findHosts: (() => Promise<readonly string[]>) | undefined;
  readonly signal: AbortSignal;
}

const ASK_TIMEOUT_MS = 3_000;
const BODY_MAX_BYTES = 4 * 1024 * 1024;
const HOSTS_MAX = 1_000;

export class MemberLists {
  readonly #options: MemberListsOptions;
  #kept = '';
  readonly #outage: Outage;
  /**
   * Whether the list was read from the file of an earlier run and no collector has confirmed it.
   */
  isOld = false;

  constructor(options: MemberListsOptions) {
    this.#options = options;
    this.#outage = new Outage(() => options.world.clock.elapsedMs());
  }

  /**
   * The newest list that can be had; undefined when there is none. Never rejects.
   *
   * @param known  the newest list so far
   */
  async read(known: MemberList | undefined): Promise<MemberList | undefined> {
    const { source, world, port } = this.#options;
    try {
      const before = known?.members.map(({ id }) => id) ?? [];
      const members = (await source.list(before)).map((member) => makeMember(member, port));
      const list = { readAtMs: world.clock.nowMs(), members };
      const sum = this.#outage.worked();
      if (sum !== undefined)
        world.log.info('ECS tells the collectors again', { failures: sum.failures });
      this.isOld = false;
      await this.#keep(list);
      return list;
    } catch (error) {
      if (this.#options.signal.aborted) return known;
      const sum = this.#outage.failed();
      if (sum !== undefined)
        world.log.warn(
          'ECS does not tell the collectors; the last list stays, and the collectors watch ' +
            'each other',
          { error, failures: sum.failures, for_ms: sum.lastedMs },
        );
    }
    const kept = known ?? (await this.#readKept());
    if (known === undefined) this.isOld = kept !== undefined;
    const found = await this.#askHosts(kept);
    if (found !== undefined) this.isOld = false;
    return found ?? kept;
  }

  async #keep(list: MemberList): Promise<void> {
    const { file, world } = this.#options;
    const text = JSON.stringify(list.members);
    if (text === this.#kept && existsSync(file)) return;
    try {
      makeFolders(dirname(file), 0o700);
      await writePrivately(file, sealText([JSON.stringify(list)]));
      this.#kept = text;
    } catch (error) {
      world.log.warn('the list of collectors could not be kept on disk', { file, error });
    }
  }

  async #readKept(): Promise<MemberList | undefined> {
    const { file, world } = this.#options;
    try {
      const text = unsealText(await readPrivately(file, FILE_MAX_BYTES));
      if (text === undefined) throw new Error('its checksum is missing or wrong');
      const list = peerStateSchema.shape.list.parse(JSON.parse(text));
      world.log.info('the collectors of the last run are taken for those of now', {
        members: list?.members.length,
      });
      return list;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        world.log.warn('the collectors of the last run cannot be read', { file, error });
      return undefined;
    }
  }

  /** The collectors that answer behind the DNS name, and those that they know. */
  async #askHosts(known: MemberList | undefined): Promise<MemberList | undefined> {
    const { findHosts, world } = this.#options;
    if (findHosts === undefined) return undefined;
    const hosts = await findHosts().catch((error: unknown) => {
      world.log.debug('the name of the collectors could not be resolved', { error });
      return [];
    });
    const states = await Promise.all(hosts.slice(0, HOSTS_MAX).map((host) => this.#ask(host)));
    const members = new Map(known?.members.map((member) => [member.id, member]));
    let hasAny = false;
    for (const [at, state] of states.entries()) {
      if (state === undefined) continue;
      hasAny = true;
      for (const member of state.list?.members ?? [])
        if (!members.has(member.id)) members.set(member.id, member);
      members.set(state.id, makeMember({ id: state.id, host: hosts[at] }, this.#options.port));
    }
    return hasAny ? { readAtMs: world.clock.nowMs(), members: [...members.values()] } : undefined;
  }

  async #ask(host: string): Promise<PeerState | undefined> {
    const { world, port, signal } = this.#options;
    try {
      const answer = await world.http.send({
        method: 'GET',
        url: `http://${formatAddress(host, port)}/shard`,
        timeoutMs: ASK_TIMEOUT_MS,
        bodyMaxBytes: BODY_MAX_BYTES,
        signal,
      });
      return peerStateSchema.parse(parseForeignJson(answer.body.toString()));
    } catch {
      return undefined;
    }
  }
}

function makeMember({ id, host, isStarting }: SourceMember, port: number): Member {
  return {
    id,
    ...(host === undefined ? {} : { address: formatAddress(host, port) }),
    ...(isStarting === true ? { isStarting } : {}),
  };
}

function formatAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
