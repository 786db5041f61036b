/**
 * `npm run bench:churn -- [--minutes 10] [--targets 2000] [--replaced 400]`: a real collector whose
 * targets are replaced every second. Prints its memory and its open descriptors twice a minute, and
 * in the end how they rose: memory as the slope of a line through what was measured after the first
 * fifth of the time.
 */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Collector, startLoad } from './probed-collector.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    targets: { type: 'string', default: '2000' },
    replaced: { type: 'string', default: '400' },
  },
});
const [minutes, targets, replaced] = [values.minutes, values.targets, values.replaced].map(
  Number,
) as [number, number, number];
const PRINT_EVERY_S = 30;

interface Moment {
  readonly minute: number;
  readonly residentMb: number;
  readonly descriptors: number;
}

/** Megabytes a minute, by least squares. */
function computeSlope(moments: readonly Moment[]): number {
  const mean = (of: (moment: Moment) => number): number =>
    moments.reduce((sum, moment) => sum + of(moment), 0) / moments.length;
  const [x, y] = [mean(({ minute }) => minute), mean(({ residentMb }) => residentMb)];
  const above = moments.map(({ minute, residentMb }) => (minute - x) * (residentMb - y));
  const below = moments.map(({ minute }) => (minute - x) ** 2);
  const sum = (terms: readonly number[]): number => terms.reduce((all, one) => all + one, 0);
  return sum(above) / sum(below);
}

const load = await startLoad();
const collector = await Collector.start(
  `global: { scrape_interval: 5s, scrape_timeout: 5s }
scrape_configs: [{ job_name: j, file_sd_configs: [{ files: [targets.json] }] }]
remote_write: [{ url: 'http://${load.address}/write' }]
`,
);

function writeTargets(first: number): void {
  const list = Array.from({ length: targets }, (_, i) => ({
    targets: [load.address],
    labels: { __metrics_path__: `/t${first + i}`, instance: `i${first + i}` },
  }));
  const file = path.join(collector.folder, 'targets.json');
  writeFileSync(`${file}.new`, JSON.stringify(list));
  renameSync(`${file}.new`, file);
}

const moments: Moment[] = [];
const startMs = performance.now();
for (let second = 0; second < minutes * 60; second++) {
  writeTargets(second * replaced);
  await sleep(Math.max(0, startMs + (second + 1) * 1_000 - performance.now()));
  const minute = (performance.now() - startMs) / 60_000;
  const moment = {
    minute,
    residentMb: collector.residentMb,
    descriptors: collector.descriptors,
  };
  moments.push(moment);
  if ((second + 1) % PRINT_EVERY_S !== 0) continue;
  const scrapes = await collector.metric('amperage_scrapes_total');
  process.stdout.write(
    `${minute.toFixed(1).padStart(5)} min  ${moment.residentMb.toFixed(0).padStart(4)} MB  ` +
      `${String(moment.descriptors).padStart(5)} descriptors  ${scrapes} scrapes\n`,
  );
}
const late = moments.slice(Math.floor(moments.length / 5));
const descriptors = late.map((moment) => moment.descriptors);
process.stdout.write(
  `memory rose by ${computeSlope(late).toFixed(2)} MB a minute; descriptors were ` +
    `${Math.min(...descriptors)} to ${Math.max(...descriptors)}\n`,
);
await collector.stop();
load.stop();
process.exit(0);
