/**
 * `npm run bench:memory`: what the exporter and an idle collector of `dist` hold, beside the
 * smallest HTTP server that Node runs. All are started by turns in one run, each in a process of
 * its own, and measured in /proc/PID/smaps_rollup after they have worked for a while; printed are
 * medians. The exporter has been scraped 20 times against a metadata endpoint; the collector has 5
 * targets at 15 s and sends to a receiver, and has scraped each of them twice. Linux only.
 * Flags: --runs 3, --seconds 35 (of the collector), --only exporter|collector; --main FILE and
 * --node "FLAGS" try another build and flags of Node.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../test/kit/processes.ts';
import { readImageEnvironment } from './image-environment.ts';
import { makeExpositions } from './payloads.ts';

const root = path.resolve(import.meta.dirname, '..');
const SCRAPES = 20;
const SCRAPE_PAUSE_MS = 100;
/** What a process has asked for at its start and not touched since is freed within this time. */
const SETTLE_MS = 2_000;
const READY_MAX_MS = 30_000;

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '35' },
    only: { type: 'string' },
    main: { type: 'string', default: path.join(root, 'dist/main.js') },
    node: { type: 'string', default: '' },
  },
});

interface Held {
  readonly residentMb: number;
  /** Anonymous pages: what no other process shares and no file backs. */
  readonly anonymousMb: number;
}

interface Subject {
  readonly name: string;
  readonly measure: (folder: string) => Promise<Held>;
}

const BARE = `import http from 'node:http';
http.createServer((_, answer) => answer.end('ok\\n')).listen(Number(process.argv[2]), '127.0.0.1');
`;

/** Serves targets, a task metadata endpoint, and a receiver that keeps nothing. */
async function startSurroundings(): Promise<{ url: string; close: () => void }> {
  const shape = path.join(root, 'test/golden/exporter/shapes/everything.json');
  const task = JSON.parse(readFileSync(shape, 'utf8')) as { metadata: unknown; stats: unknown };
  const [page] = makeExpositions()[0]?.bodies ?? [];
  const answers: Readonly<Record<string, string | Uint8Array | undefined>> = {
    '/v4/x/task': JSON.stringify(task.metadata),
    '/v4/x/task/stats': JSON.stringify(task.stats),
    '/metrics': page,
  };
  const server = createServer((request, response) => {
    if (request.method === 'POST') request.resume().on('end', () => response.writeHead(204).end());
    else response.end(answers[request.url ?? '']);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/**
 * Starts a program in the image's environment, lets `act` work with it, and reads what it holds
 * then.
 */
async function hold(
  given: readonly string[],
  url: string,
  act: () => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<Held> {
  const child = spawn(process.execPath, given, {
    env: { PATH: process.env['PATH'], ...readImageEnvironment(), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await waitUntilAnswering(child, url);
    await act();
    await sleep(SETTLE_MS);
    return readHeld(child.pid);
  } finally {
    const exited = once(child, 'exit');
    if (child.kill('SIGTERM')) await exited;
  }
}

async function waitUntilAnswering(child: ChildProcess, url: string): Promise<void> {
  const endMs = performance.now() + READY_MAX_MS;
  while ((await fetch(url).catch(() => undefined))?.status !== 200) {
    if (child.exitCode !== null || performance.now() > endMs)
      throw new Error(`${child.spawnargs.join(' ')} does not answer at ${url}`);
    await sleep(50);
  }
}

function readHeld(pid: number | undefined): Held {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const readMb = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1_024;
  return { residentMb: readMb('Rss'), anonymousMb: readMb('Anonymous') };
}

async function scrapeSome(url: string): Promise<void> {
  for (let i = 0; i < SCRAPES; i++) {
    await (await fetch(url)).text();
    await sleep(SCRAPE_PAUSE_MS);
  }
}

function listSubjects(surroundings: string): Subject[] {
  const started = [...flags.node.split(' ').filter((flag) => flag !== ''), flags.main];
  return [
    {
      name: 'bare server',
      measure: async (folder) => {
        const file = path.join(folder, 'bare.mjs');
        writeFileSync(file, BARE);
        const port = await freePort();
        const url = `http://127.0.0.1:${port}/`;
        return hold([file, String(port)], url, () => scrapeSome(url));
      },
    },
    {
      name: 'exporter',
      measure: async () => {
        const listen = `127.0.0.1:${await freePort()}`;
        const given = [...started, 'exporter', '--web.listen-address', listen];
        // No reading is served twice, so that each scrape asks the endpoint.
        const all = [...given, '--cache-time', '0', '--log.level', 'error'];
        const url = `http://${listen}/metrics`;
        const env = { ECS_CONTAINER_METADATA_URI_V4: `${surroundings}/v4/x` };
        return hold(all, url, () => scrapeSome(url), env);
      },
    },
    {
      name: 'collector',
      measure: async (folder) => {
        const config = path.join(folder, 'prometheus.yml');
        writeFileSync(config, writeConfig(surroundings));
        const listen = `127.0.0.1:${await freePort()}`;
        const given = [...started, 'collect', '--config.file', config, '--log.level', 'error'];
        const places = ['--storage.path', path.join(folder, 'data'), '--web.listen-address'];
        const work = (): Promise<void> => sleep(Number(flags.seconds) * 1_000);
        return hold([...given, ...places, listen], `http://${listen}/-/ready`, work);
      },
    },
  ];
}

function writeConfig(surroundings: string): string {
  const { host } = new URL(surroundings);
  const targets = Array.from(
    { length: 5 },
    (_, i) => `      - { targets: ['${host}'], labels: { number: '${i}' } }`,
  );
  return [
    'global: { scrape_interval: 15s }',
    'scrape_configs:',
    '  - job_name: idle',
    '    static_configs:',
    ...targets,
    `remote_write: [{ url: '${surroundings}/write' }]`,
    '',
  ].join('\n');
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

const surroundings = await startSurroundings();
const subjects = listSubjects(surroundings.url).filter(
  ({ name }, i) => i === 0 || flags.only === undefined || flags.only === name,
);
const held = new Map<string, Held[]>();
for (let run = 0; run < Number(flags.runs); run++)
  for (const { name, measure } of subjects) {
    const folder = mkdtempSync(path.join(tmpdir(), 'amperage-memory-'));
    try {
      held.set(name, [...(held.get(name) ?? []), await measure(folder)]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
surroundings.close();

const medians = [...held].map(([name, all]) => ({
  name,
  residentMb: median(all.map(({ residentMb }) => residentMb)),
  anonymousMb: median(all.map(({ anonymousMb }) => anonymousMb)),
}));
const [bare] = medians;
const widths = [14, 12, 14, 8, 22];
const write = (cells: readonly string[]): void => {
  const padded = cells.map((cell, i) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
  );
  process.stdout.write(`${padded.join('')}\n`);
};
write(['', 'resident MB', 'anonymous MB', 'ratio', 'anonymous above bare']);
for (const { name, residentMb, anonymousMb } of medians)
  write([
    name,
    residentMb.toFixed(1),
    anonymousMb.toFixed(1),
    (residentMb / (bare?.residentMb ?? Number.NaN)).toFixed(2),
    (anonymousMb - (bare?.anonymousMb ?? Number.NaN)).toFixed(1),
  ]);
