/**
 * The memberships of real collectors in one process, each on a loopback address of its own.
 * Whatever happens, no part is held by two collectors at a time, and soon all parts are held again.
 * Who holds what is checked at every change.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/kernel/clock.ts';
import { createHttpClient } from '../src/kernel/http-client.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { Registry } from '../src/kernel/metrics.ts';
import { Membership } from '../src/sharding/membership.ts';
import { PARTS } from '../src/sharding/parts.ts';
import type { Share, ShareHolder } from '../src/sharding/sharing.ts';
import { until } from './kit/waiting.ts';
import { freePort } from './kit/processes.ts';

interface Member {
  readonly id: string;
  readonly membership: Membership;
  readonly held: Uint8Array;
  isReady: boolean;
  isAlone: boolean;
}

/** ECS, the network and all collectors of a service. */
class Service {
  readonly #context: TestContext;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'amperage-sharding-'));
  readonly #port: number;
  /** Addresses as ECS lists them, by id. */
  readonly listed = new Map<string, string>();
  readonly members = new Map<string, Member>();
  isEcsDown = false;
  /** How often a part was held by two collectors. */
  doubles = 0;

  static async open(context: TestContext): Promise<Service> {
    return new Service(context, await freePort());
  }

  private constructor(context: TestContext, port: number) {
    this.#context = context;
    this.#port = port;
    context.after(async () => {
      for (const { membership } of this.members.values()) await membership.stop();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  async join(
    id: string,
    host: string,
    options: { isReady?: boolean; names?: string[] } = {},
  ): Promise<Member> {
    this.listed.set(id, host);
    const http = createHttpClient();
    this.#context.after(() => http.close());
    const { names } = options;
    const membership = new Membership({
      world: { clock: systemClock, log: silentLogger, metrics: new Registry(), http },
      source: {
        own: () => Promise.resolve({ id, host }),
        list: () =>
          this.isEcsDown
            ? Promise.reject(new Error('denied'))
            : Promise.resolve([...this.listed].map(([one, at]) => ({ id: one, host: at }))),
      },
      listen: { host: undefined, port: this.#port },
      file: path.join(this.#folder, id, 'members.json'),
      findHosts: names === undefined ? undefined : () => Promise.resolve(names),
      ending: new AbortController(),
    });
    const member: Member = {
      id,
      membership,
      held: new Uint8Array(PARTS),
      isReady: options.isReady ?? true,
      isAlone: false,
    };
    this.members.set(id, member);
    const holder: ShareHolder = {
      take: (share) => this.#take(member, share),
      loads: () => new Uint32Array(PARTS).fill(1),
      isReady: () => member.isReady,
      holdFrom: () => undefined,
      hasBefore: () => false,
    };
    await membership.start(holder);
    return member;
  }

  async leave(id: string): Promise<void> {
    await this.members.get(id)?.membership.leave();
    await this.kill(id);
  }

  /** Ends a collector from one moment to the next. */
  async kill(id: string): Promise<void> {
    const member = this.members.get(id);
    this.members.delete(id);
    this.listed.delete(id);
    await member?.membership.stop();
  }

  /** Waits until every part is held, and only by these collectors. */
  whole(ids: readonly string[], withinMs = 8_000): Promise<void> {
    return until(`${ids.join(', ')} hold all`, withinMs, () => {
      const holders = new Map<string, number>();
      for (let part = 0; part < PARTS; part++) {
        const holder = [...this.members.values()].find(({ held }) => held[part] === 1);
        if (holder === undefined) return false;
        holders.set(holder.id, (holders.get(holder.id) ?? 0) + 1);
      }
      return [...holders.keys()].sort().join() === [...ids].sort().join();
    });
  }

  async #take(member: Member, share: Share) {
    for (let part = 0; part < PARTS; part++) member.held[part] = share.holds(part) ? 1 : 0;
    member.isAlone = share.isAlone;
    const all = [...this.members.values()].filter(({ isAlone }) => !isAlone);
    for (let part = 0; part < PARTS; part++)
      if (all.filter(({ held }) => held[part] === 1).length > 1) this.doubles += 1;
    // Scrapes under way end and samples are sent.
    await sleep(30);
    return { atMs: Date.now(), unfinished: [] };
  }
}

test('collectors that start together, come and leave hold every part once', async (context) => {
  const service = await Service.open(context);
  await Promise.all(['c', 'a', 'd', 'b'].map((id, at) => service.join(id, `127.0.2.${at + 1}`)));
  await service.whole(['a', 'b', 'c', 'd'], 15_000);
  await service.join('0', '127.0.2.5');
  await service.whole(['0', 'a', 'b', 'c', 'd']);
  // The first collector, which leads, and another one at the same time.
  await Promise.all([service.leave('0'), service.leave('c')]);
  await service.whole(['a', 'b', 'd']);
  await Promise.all([service.join('e', '127.0.2.6'), service.leave('a')]);
  await service.whole(['b', 'd', 'e'], 15_000);
  assert.equal(service.doubles, 0);
});

test('a dead collector is replaced, whether ECS reports it or not, and one without targets takes no parts', async (context) => {
  const service = await Service.open(context);
  for (const [at, id] of ['a', 'b', 'c'].entries()) await service.join(id, `127.0.3.${at + 1}`);
  await service.whole(['a', 'b', 'c'], 15_000);
  service.isEcsDown = true;
  await service.kill('a');
  await service.whole(['b', 'c']);
  service.isEcsDown = false;
  const late = await service.join('d', '127.0.3.4', { isReady: false });
  await sleep(3_000);
  assert.ok(!late.held.includes(1));
  late.isReady = true;
  await service.whole(['b', 'c', 'd']);
  assert.equal(service.doubles, 0);
});

test('while ECS is down, a new collector is found by the DNS name of the collectors', async (context) => {
  const service = await Service.open(context);
  const names = ['127.0.4.1', '127.0.4.2', '127.0.4.3'];
  await service.join('a', '127.0.4.1', { names });
  await service.join('b', '127.0.4.2', { names });
  await service.whole(['a', 'b'], 15_000);
  service.isEcsDown = true;
  await service.join('c', '127.0.4.3', { names });
  await service.whole(['a', 'b', 'c'], 15_000);
  await service.leave('a');
  await service.whole(['b', 'c']);
  assert.equal(service.doubles, 0);
});
