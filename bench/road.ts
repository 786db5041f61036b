/**
 * The whole road beside its peers: the same targets and the same sink for our collector, Prometheus in agent mode and
 * vmagent, one after the other in one run, each as a process of its own. Prints CPU seconds for a million samples, peak
 * memory, bytes of a sample on the wire and on disk. `node bench/road.ts [seconds of each]`; peers as tests find them.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeWriteRequest } from '../src/wire/remote-write.ts';
import { uncompress } from '../src/wire/snappy.ts';
import { peer } from '../test/peers.ts';

const TARGETS = 60;
const SERIES = 2_000;
const WARM_UP_MS = 6_000;
const CLOCK_TICKS = 100;
const PAGE_BYTES = 4_096;

interface Received {
  samples: number;
  bytes: number;
  requests: number;
}

/** Targets and sink, in a process of their own; answers with what has been received so far. */
async function serve(): Promise<void> {
  const received: Received = { samples: 0, bytes: 0, requests: 0 };
  let scrape = 0;
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = Buffer.concat(parts);
        received.bytes += body.length;
        received.requests += 1;
        received.samples += decodeWriteRequest(uncompress(body, 1e8), {
          series: () => undefined,
        }).samples;
        response.writeHead(204).end();
      });
      return;
    }
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(page(scrape++));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send?.((server.address() as AddressInfo).port);
  process.on('message', () => process.send?.(received));
}

function page(scrape: number): string {
  let text = '';
  for (let family = 0; family < SERIES / 20; family++) {
    text += `# HELP app_family_${family}_total What family ${family} counts.\n# TYPE app_family_${family}_total counter\n`;
    for (let i = 0; i < 20; i++)
      text += `app_family_${family}_total{code="${200 + i}",handler="/api/v1/orders",method="GET"} ${scrape * 3 + i * family}\n`;
  }
  return text;
}

interface Contestant {
  readonly name: string;
  readonly file: string;
  flags(folder: string, sink: string): readonly string[];
}

function contestants(): Contestant[] {
  const main = path.resolve(import.meta.dirname, '../src/main.ts');
  const config = (folder: string): string => path.join(folder, 'prometheus.yml');
  const all: (Omit<Contestant, 'file'> & { file: string | undefined })[] = [
    {
      name: 'amperage collect',
      file: process.execPath,
      flags: (folder) => [
        main,
        'collect',
        '--log.level',
        'error',
        '--config.file',
        config(folder),
        '--storage.path',
        path.join(folder, 'data'),
        '--web.listen-address',
        '127.0.0.1:0',
      ],
    },
    {
      name: 'prometheus --agent',
      file: peer('prometheus'),
      flags: (folder) => [
        '--agent',
        '--log.level=error',
        `--config.file=${config(folder)}`,
        `--storage.agent.path=${path.join(folder, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ],
    },
    {
      name: 'vmagent',
      file: peer('vmagent'),
      flags: (folder, sink) => [
        `-promscrape.config=${path.join(folder, 'scrape.yml')}`,
        `-remoteWrite.url=${sink}`,
        '-remoteWrite.forcePromProto',
        `-remoteWrite.tmpDataPath=${path.join(folder, 'data')}`,
        '-httpListenAddr=127.0.0.1:0',
        '-loggerLevel=ERROR',
      ],
    },
  ];
  return all.flatMap(({ file, ...rest }) => (file === undefined ? [] : [{ ...rest, file }]));
}

/** CPU seconds so far and the highest resident bytes, from /proc. */
function usageOf(pid: number): { cpuSeconds: number; peakBytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const peakKb = Number(
    /VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number(stat[21]) * (PAGE_BYTES / 1_024),
  );
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS,
    peakBytes: peakKb * 1_024,
  };
}

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => {
      const file = statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false });
      return sum + (file?.size ?? 0);
    }, 0);
}

async function race(contestant: Contestant, seconds: number): Promise<Record<string, number>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-road-'));
  const server = spawn(process.execPath, [import.meta.filename, 'serve'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ask = <T>(): Promise<T> =>
    new Promise((resolve) => server.once('message', (value) => resolve(value as T)));
  const port = await ask<number>();
  const sink = `http://127.0.0.1:${port}/write`;
  const targets = Array.from(
    { length: TARGETS },
    (_, i) =>
      `      - { targets: ['127.0.0.1:${port}'], labels: { __metrics_path__: /t${i}, instance: 't${i}' } }\n`,
  );
  const scrape = `global: { scrape_interval: 1s, scrape_timeout: 900ms }\nscrape_configs:\n  - job_name: bench\n    static_configs:\n${targets.join('')}`;
  writeFileSync(path.join(folder, 'scrape.yml'), scrape);
  writeFileSync(
    path.join(folder, 'prometheus.yml'),
    `${scrape}remote_write: [{ url: '${sink}', metadata_config: { send: false } }]\n`,
  );
  const child = spawn(contestant.file, [...contestant.flags(folder, sink)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const received = async (): Promise<Received> => {
    const answer = ask<Received>();
    server.send('tell');
    return answer;
  };
  await sleep(WARM_UP_MS);
  const [before, usage] = [await received(), usageOf(child.pid ?? 0)];
  await sleep(seconds * 1_000);
  const [after, used] = [await received(), usageOf(child.pid ?? 0)];
  const diskBytes = bytesBelow(path.join(folder, 'data'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(5_000)]);
  child.kill('SIGKILL');
  server.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const samples = after.samples - before.samples;
  return {
    'samples/s': Math.round(samples / seconds),
    'CPU s per million': Number(
      (((used.cpuSeconds - usage.cpuSeconds) / samples) * 1e6).toFixed(3),
    ),
    'peak MB': Math.round(used.peakBytes / 1e6),
    'wire bytes/sample': Number(((after.bytes - before.bytes) / samples).toFixed(2)),
    'requests/s': Number(((after.requests - before.requests) / seconds).toFixed(1)),
    'disk MB at the end': Number((diskBytes / 1e6).toFixed(1)),
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[2] === 'serve') await serve();
else {
  const seconds = Number(process.argv[2] ?? 15);
  const table: Record<string, Record<string, number>> = {};
  for (const one of contestants()) table[one.name] = await race(one, seconds);
  console.table(table);
}
