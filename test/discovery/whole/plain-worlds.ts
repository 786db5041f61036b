/**
 * The sources outside AWS: files, a URL, domain names. A call is the reading of one part: a file,
 * the URL, a name.
 */
import { createSocket } from 'node:dgram';
import { mkdir, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { VirtualClock } from '../../../src/kernel/clock.ts';
import type { HttpClient } from '../../../src/kernel/http-client.ts';
import type { Extent, Fault } from './faults.ts';
import type { Member, SourceWorld } from './world.ts';

const REFRESH_MS = 60_000;

/** Decides which calls fail, in the same way as the faults of the emulator. */
class Strikes {
  #faults: readonly { readonly fault: Fault; seen: number }[] = [];

  set(faults: readonly Fault[]): void {
    this.#faults = faults.map((fault) => ({ fault, seen: 0 }));
  }

  take(call: string): Fault | undefined {
    for (const one of this.#faults) {
      if (one.fault.call !== call) continue;
      one.seen += 1;
      if (isStruck(one.fault.extent, one.seen)) return one.fault;
    }
    return undefined;
  }
}

function isStruck(extent: Extent, seen: number): boolean {
  switch (extent) {
    case 'once':
      return seen === 1;
    case 'thrice':
      return seen <= 3;
    case 'later':
      return seen > 1;
    case 'page 2':
      return false;
    case 'ever':
      return true;
  }
}

function renderList(addresses: readonly string[]): string {
  return JSON.stringify([{ targets: addresses, labels: { env: 'a' } }]);
}

export async function openStaticWorld(): Promise<SourceWorld> {
  const members: Member[] = [{ address: '10.0.0.1:80', needs: [] }];
  return {
    config: { targets: members.map(({ address }) => address) },
    refreshMs: REFRESH_MS,
    members: () => members,
    turnOver: async () => undefined,
    takeCalls: () => new Map(),
    strike: async () => undefined,
    repair: async () => undefined,
    hanging: () => 0,
    close: async () => undefined,
  };
}

export async function openHttpWorld(): Promise<SourceWorld> {
  const strikes = new Strikes();
  let addresses = ['10.0.0.1:80', '10.0.0.2:80'];
  const seen = new Map<string, number>();
  const http = (clock: VirtualClock): HttpClient => ({
    async send({ timeoutMs, signal }) {
      seen.set('GET', 1);
      const fault = strikes.take('GET');
      const answer = (status: number, body: string): Awaited<ReturnType<HttpClient['send']>> => ({
        status,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(body),
      });
      switch (fault?.kind) {
        case undefined:
          return answer(200, renderList(addresses));
        case 'failed':
          return answer(500, '');
        case 'denied':
          return answer(403, '');
        case 'throttled':
          return answer(429, '');
        case 'hang':
          await clock.sleep(timeoutMs, signal);
          throw new Error('no answer in time');
        case 'reset':
          throw new Error('ECONNRESET');
        case 'empty':
          return answer(200, '');
        case 'half':
          return answer(200, renderList(addresses).slice(0, 20));
        case 'malformed':
          return answer(200, '{"unexpected":[null]}');
      }
    },
    close: async () => undefined,
  });
  return {
    config: { url: 'http://sd.example/targets' },
    refreshMs: REFRESH_MS,
    http,
    members: () => addresses.map((address) => ({ address, needs: ['GET'] })),
    turnOver: async () => void (addresses = ['10.0.0.2:80', '10.0.0.3:80']),
    takeCalls: () => seen,
    strike: async (...faults) => strikes.set(faults),
    repair: async () => strikes.set([]),
    hanging: () => 0,
    close: async () => undefined,
  };
}

/** Two files. A struck file is broken on disk until it is repaired; files have no extents. */
export async function openFileWorld(): Promise<SourceWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'amperage-whole-'));
  const contents = new Map([
    ['a.json', ['10.0.0.1:80', '10.0.0.2:80']],
    ['b.json', ['10.0.1.1:80']],
  ]);
  const pathOf = (name: string): string => path.join(folder, name);
  let broken: readonly Fault[] = [];
  const write = async (): Promise<void> => {
    for (const [name, addresses] of contents) {
      const fault = broken.find(({ call }) => call === name);
      const text = renderList(addresses);
      await rm(pathOf(name), { recursive: true, force: true });
      switch (fault?.kind) {
        case undefined:
          await writeFile(pathOf(name), text);
          break;
        case 'empty':
          await writeFile(pathOf(name), '');
          break;
        case 'half':
          await writeFile(pathOf(name), text.slice(0, 20));
          break;
        case 'malformed':
          await writeFile(pathOf(name), '{"unexpected":[null]}');
          break;
        default:
          // A folder in place of the file can be listed but not read.
          await mkdir(pathOf(name));
      }
    }
  };
  await write();
  return {
    config: { files: ['*.json'], refresh_interval: '1m' },
    baseDirectory: folder,
    refreshMs: REFRESH_MS,
    members: () =>
      [...contents].flatMap(([name, all]) => all.map((address) => ({ address, needs: [name] }))),
    async turnOver() {
      contents.set('a.json', ['10.0.0.2:80', '10.0.0.3:80']);
      contents.set('b.json', ['10.0.1.1:80', '10.0.1.2:80']);
      contents.set('c.json', ['10.0.2.1:80']);
      await write();
    },
    takeCalls: () => new Map([...contents.keys()].map((name) => [name, 1])),
    async strike(...faults) {
      broken = faults;
      await write();
    },
    async repair() {
      broken = [];
      await write();
    },
    hanging: () => 0,
    async close() {
      for (const name of contents.keys()) await unlink(pathOf(name)).catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Two names on a name server that the test runs. */
export async function openDnsWorld(): Promise<SourceWorld> {
  const strikes = new Strikes();
  const records = new Map([
    ['a.example', ['10.0.0.1', '10.0.0.2']],
    ['b.example', ['10.0.1.1']],
  ]);
  const seen = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const name = readName(query);
    seen.set(name, 1);
    const fault = strikes.take(name);
    const answer = encodeAnswer(query, records.get(name) ?? [], fault);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    config: { names: ['a.example', 'b.example'], type: 'A', port: 80, refresh_interval: '1m' },
    dnsServers: [`127.0.0.1:${socket.address().port}`],
    refreshMs: REFRESH_MS,
    members: () =>
      [...records].flatMap(([name, all]) =>
        all.map((ip) => ({ address: `${ip}:80`, needs: [name] })),
      ),
    async turnOver() {
      records.set('a.example', ['10.0.0.2', '10.0.0.3']);
      records.set('b.example', ['10.0.1.1', '10.0.1.2']);
    },
    takeCalls: () => seen,
    strike: async (...faults) => strikes.set(faults),
    repair: async () => strikes.set([]),
    hanging: () => 0,
    close: async () => void socket.close(),
  };
}

function readName(query: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; query[at] !== 0; at += (query[at] ?? 0) + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)));
  return labels.join('.');
}

function encodeAnswer(
  query: Buffer,
  addresses: readonly string[],
  fault: Fault | undefined,
): Buffer | undefined {
  const end = query.indexOf(0, 12) + 5;
  // The response codes SERVFAIL, REFUSED and NOTIMP; 0 for success.
  const codes: Readonly<Record<string, number>> = { failed: 2, denied: 5, throttled: 4 };
  const code = codes[fault?.kind ?? ''] ?? 0;
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180 + code, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(code === 0 ? addresses.length : 0, 6);
  const answers = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]),
  );
  const answer = Buffer.concat([head, query.subarray(12, end), ...(code === 0 ? answers : [])]);
  switch (fault?.kind) {
    case 'hang':
      return undefined;
    case 'half':
      return answer.subarray(0, end + 4);
    case 'malformed':
      return Buffer.concat([head, Buffer.from('not the question'), ...answers]);
    default:
      return answer;
  }
}
