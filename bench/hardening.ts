/**
 * `npm run bench:hardening -- [row…] [--scale 0.1]`: a real collector under what strangers and
 * large deployments do to it. Each row prints the longest turn of the event loop, by the clock (and
 * how long of it the thread waited for a core) and in CPU time of the thread, which other programs
 * on the machine do not grow; the longest answer of `/-/healthy` to requests on new connections;
 * and the memory: before, and at its peak.
 */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { hash } from 'bcryptjs';
import { Collector, type Figures, startLoad } from './probed-collector.ts';

const { values, positionals } = parseArgs({
  options: { scale: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const scale = Number(values.scale);
const scaled = (count: number): number => Math.max(1, Math.round(count * scale));

async function until(isSo: () => Promise<boolean>, mostSeconds: number): Promise<void> {
  const endMs = performance.now() + mostSeconds * 1_000;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not so after ${mostSeconds} s`);
    await sleep(500);
  }
}

const load = await startLoad();
const loadAt = load.address;
const base = (interval: string): string =>
  `global: { scrape_interval: ${interval}, scrape_timeout: ${interval} }\n` +
  `remote_write: [{ url: 'http://${loadAt}/write' }]\n`;

/** Replaces all targets of a job at once, as a deployment does. */
async function replaceTargets(): Promise<Figures> {
  const count = scaled(4_000);
  const writeList = (folder: string, generation: number): void =>
    writeFileSync(
      path.join(folder, 'targets.json'),
      JSON.stringify(
        Array.from({ length: count }, (_, i) => ({
          targets: [loadAt],
          labels: { __metrics_path__: `/t${i}`, instance: `${generation}-${i}` },
        })),
      ),
    );
  const collector = await Collector.start(
    `${base('10s')}scrape_configs: [{ job_name: j, file_sd_configs: [{ files: [targets.json] }] }]`,
  );
  const areScraped = (times: number) => async (): Promise<boolean> =>
    (await collector.metric('amperage_scrapes_total')) >= times;
  try {
    writeList(collector.folder, 1);
    await until(areScraped(count * 2), 300);
    const before = await collector.metric('amperage_scrapes_total');
    return await collector.measure(async () => {
      writeList(collector.folder, 2);
      await until(areScraped(before + count * 3), 300);
    });
  } finally {
    await collector.stop();
  }
}

/** A target with a page of a million series: its first scrapes, with the same series or others. */
const scrapePage = (name: string, scrapes: number) => async (): Promise<Figures> => {
  const collector = await Collector.start(base('60s'));
  try {
    return await collector.measure(async () => {
      const target = `{ targets: ['${loadAt}'] }`;
      const page = `metrics_path: /${name}, params: { series: ['${scaled(1_000_000)}'] }`;
      collector.reload(
        `${base('60s')}scrape_configs: [{ job_name: j, body_size_limit: 200MB, ${page}, ` +
          `static_configs: [${target}] }]`,
      );
      await until(async () => (await collector.metric('amperage_scrapes_total')) >= scrapes, 400);
    });
  } finally {
    await collector.stop();
  }
};

/** A hundred requests at once with a wrong password each. */
async function guessPasswords(): Promise<Figures> {
  const users = `basic_auth_users: { admin: '${await hash('right', 10)}' }`;
  const collector = await Collector.start(base('10s'), (folder) => {
    writeFileSync(path.join(folder, 'web.yml'), users);
    return [`--web.config.file=${path.join(folder, 'web.yml')}`];
  });
  const guess = async (_: unknown, i: number): Promise<void> => {
    const authorization = `Basic ${Buffer.from(`admin:wrong${i}`).toString('base64')}`;
    const url = `http://127.0.0.1:${collector.port}/metrics`;
    await (await fetch(url, { headers: { authorization } })).text();
  };
  try {
    return await collector.measure(async () => {
      await Promise.all(Array.from({ length: scaled(100) }, guess));
    });
  } finally {
    await collector.stop();
  }
}

/** How long slow clients pause between those that come at once. */
const PAUSE_MS = 5;

/** Clients that send nothing, half a head, or the first bytes of a body; so many a second. */
const holdConnections = (perSecond: number) => async (): Promise<Figures> => {
  const atOnce = Math.round((perSecond * PAUSE_MS) / 1_000);
  const starts = [
    '',
    'GET /metrics HTTP/1.1\r\nhost: localhost\r\nx',
    'POST /-/reload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nx',
  ];
  const collector = await Collector.start(base('10s'));
  const sockets: Socket[] = [];
  try {
    return await collector.measure(async () => {
      for (let i = 0; i < scaled(2_000); i++) {
        const socket = connect(collector.port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(starts[i % starts.length] ?? '');
        sockets.push(socket);
        // On two cores, a loop without a pause would take the core of the health checks.
        if (i % atOnce === atOnce - 1) await sleep(PAUSE_MS);
      }
      await sleep(15_000);
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    await collector.stop();
  }
};

/** A server of http_sd whose list comes in chunks of one byte, up to the limit of 32 MiB. */
async function sendOneByteChunks(): Promise<Figures> {
  const bytes = scaled(31 * 1_024 * 1_024);
  const collector = await Collector.start(base('10s'));
  try {
    return await collector.measure(async () => {
      collector.reload(
        `${base('10s')}scrape_configs: [{ job_name: j, http_sd_configs: ` +
          `[{ url: 'http://${loadAt}/drip?bytes=${bytes}', refresh_interval: 60s }] }]`,
      );
      await sleep(35_000);
    });
  } finally {
    await collector.stop();
  }
}

/** Many targets, each with an answer of its own; 170 a second are due where the interval is 1m. */
function writeTargets(folder: string, count: number): void {
  writeFileSync(
    path.join(folder, 'targets.json'),
    JSON.stringify(
      Array.from({ length: count }, (_, i) => ({
        targets: [loadAt],
        labels: { __metrics_path__: `/t${i}`, instance: `instance-${i}` },
      })),
    ),
  );
}

const FILE_JOB = '{ job_name: j, file_sd_configs: [{ files: [targets.json] }] }';
const manyTargets = scaled(10_000);

async function startWithTargets(): Promise<Collector> {
  return Collector.start(`${base('60s')}scrape_configs: [${FILE_JOB}]`, (folder) => {
    writeTargets(folder, manyTargets);
    return [];
  });
}

const areAllScraped = (collector: Collector) => async (): Promise<boolean> =>
  (await collector.metric('amperage_scrapes_total')) >= manyTargets;

/** A start with many targets: from the first answer until all are scraped. */
async function start(): Promise<Figures> {
  const collector = await startWithTargets();
  try {
    return await collector.measure(() => until(areAllScraped(collector), 300));
  } finally {
    await collector.stop();
  }
}

/** A list of http_sd that is new. */
async function discover(): Promise<Figures> {
  const collector = await Collector.start(base('60s'));
  const url = `http://${loadAt}/list?targets=${manyTargets}`;
  const job = `{ job_name: j, http_sd_configs: [{ url: '${url}' }] }`;
  try {
    return await collector.measure(async () => {
      collector.reload(`${base('60s')}scrape_configs: [${job}]`);
      await until(areAllScraped(collector), 300);
    });
  } finally {
    await collector.stop();
  }
}

/** Reloads of a configuration whose one job has many targets, and changes. */
async function changeJob(): Promise<Figures> {
  const collector = await startWithTargets();
  const jobs = (generation: number): string =>
    `[${FILE_JOB.replace(/^\{/, `{ params: { generation: ['${generation}'] },`)}]`;
  try {
    await until(areAllScraped(collector), 300);
    return await collector.measure(async () => {
      for (let generation = 1; generation <= 3; generation++) {
        collector.reload(`${base('60s')}scrape_configs: ${jobs(generation)}`);
        await sleep(10_000);
      }
    });
  } finally {
    await collector.stop();
  }
}

/** Reloads of a configuration with thousands of jobs. */
async function changeJobs(): Promise<Figures> {
  const collector = await Collector.start(base('60s'));
  const makeJob = (i: number, generation: number): string => `  - job_name: job-${i}
    scrape_interval: ${generation}m
    static_configs: [{ targets: ['${loadAt}'], labels: { __metrics_path__: /t${i} } }]
    relabel_configs:
      - { source_labels: [__address__], regex: '(.*):.*', target_label: host }
      - { source_labels: [env], regex: 'test|dev', action: drop }
`;
  const makeJobs = (generation: number): string =>
    Array.from({ length: scaled(4_000) }, (_, i) => makeJob(i, generation)).join('');
  try {
    return await collector.measure(async () => {
      for (let generation = 1; generation <= 2; generation++) {
        collector.reload(`${base('60s')}scrape_configs:\n${makeJobs(generation)}`);
        await sleep(15_000);
      }
      await collector.ask('/api/v1/status/config');
    });
  } finally {
    await collector.stop();
  }
}

/** What a server tells of many targets. */
async function askForLists(): Promise<Figures> {
  const collector = await startWithTargets();
  const asked = ['/', '/metrics', '/api/v1/targets', '/api/v1/targets/metadata'];
  asked.push('/api/v1/metadata', '/api/v1/status/config', '/api/v1/status/runtimeinfo');
  try {
    await until(areAllScraped(collector), 300);
    return await collector.measure(async () => {
      for (let round = 0; round < 3; round++)
        for (const one of asked) {
          await collector.ask(one);
          await sleep(200);
        }
    });
  } finally {
    await collector.stop();
  }
}

const ROWS: Readonly<Record<string, [name: string, measure: () => Promise<Figures>]>> = {
  targets: [`${scaled(4_000)} targets replaced`, replaceTargets],
  start: [`a start with ${manyTargets} targets`, start],
  discovery: [`${manyTargets} targets by http_sd`, discover],
  job: [`a job of ${manyTargets} changed`, changeJob],
  jobs: [`${scaled(4_000)} jobs changed`, changeJobs],
  lists: [`lists of ${manyTargets} targets`, askForLists],
  page: [`a page of ${scaled(1_000_000)} series`, scrapePage('page', 2)],
  pages: [`${scaled(1_000_000)} series, other each time`, scrapePage('pages', 4)],
  passwords: [`${scaled(100)} wrong passwords`, guessPasswords],
  clients: [`${scaled(2_000)} slow clients, 1000/s`, holdConnections(1_000)],
  crowd: [`${scaled(2_000)} slow clients, 8000/s`, holdConnections(8_000)],
  chunks: ['chunks of one byte', sendOneByteChunks],
};

const unknown = positionals.find((row) => ROWS[row] === undefined);
if (unknown !== undefined) {
  // The load is a process of its own, which would wait for ever.
  load.stop();
  process.stderr.write(`no row "${unknown}"; there are ${Object.keys(ROWS).join(', ')}\n`);
  process.exit(2);
}
for (const row of positionals.length > 0 ? positionals : Object.keys(ROWS)) {
  const [name, measure] = ROWS[row] ?? [];
  if (name === undefined || measure === undefined) continue;
  const figures = await measure();
  const show = (figure: number): string => figure.toFixed(0).padStart(5);
  process.stdout.write(
    `${name.padEnd(28)} longest turn ${show(figures.turnMs)} ms ` +
      `(${show(figures.turnQueuedMs)} waiting for a core; ${show(figures.turnCpuMs)} of CPU)  ` +
      `health ${show(figures.healthMs)} ms  ` +
      `memory ${show(figures.residentMb)} MB, at most ${show(figures.peakMb)}\n`,
  );
}
load.stop();
process.exit(0);
