/**
 * The published suites, with the verdict of our code on each of their cases. `npm run conformance`
 * prints the scores; conformance.test.ts compares them with floors.json.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfigFile } from '../../src/config/load.ts';
import { formatFinding } from '../../src/settings/finding.ts';
import { checkExposition } from '../../src/wire/exposition/check.ts';
import { type ExpositionFormat, ExpositionReader } from '../../src/wire/exposition/reader.ts';
import { checkOpenMetrics } from '../../src/wire/exposition/openmetrics-check.ts';
import { conformancePath } from '../kit/conformance.ts';

export interface Score {
  readonly suite: string;
  readonly cases: number;
  /** A line for each case with the wrong verdict. */
  readonly wrong: readonly string[];
}

/**
 * Invalid expositions that Prometheus' scrape accepts all the same, because it ignores what it need
 * not read.
 */
const TAKEN_BY_SCRAPES = ['error_0', 'error_2', 'error_12', 'error_14'];

export async function runSuites(): Promise<Score[]> {
  return [
    openMetrics(),
    textFormat('text-format, writers’ rules', (body) => checkExposition(body), []),
    textFormat('text-format, scraping', (body) => readPage(body, 'text'), TAKEN_BY_SCRAPES),
    await prometheusConfig(),
  ];
}

function openMetrics(): Score {
  const cases = JSON.parse(readFileSync(conformancePath('openmetrics.json'), 'utf8')) as {
    name: string;
    body: string;
    test: { shouldParse: boolean };
  }[];
  const wrong = cases.flatMap(({ name, body, test }) => {
    const error = catchMessage(() => checkOpenMetrics(Buffer.from(body)));
    if ((error === undefined) === test.shouldParse) return [];
    return [`${name}: ${error ?? 'accepted'}`];
  });
  return { suite: 'OpenMetrics, strict', cases: cases.length, wrong };
}

function textFormat(
  suite: string,
  read: (body: Uint8Array) => void,
  taken: readonly string[],
): Score {
  // Files in OpenMetrics are left out: that is another format.
  const files = readdirSync(conformancePath('text-format')).filter((f) => !f.endsWith('.om.txt'));
  const wrong = files.flatMap((file) => {
    const isGood = !file.includes('error') || taken.some((name) => file.endsWith(name));
    const error = catchMessage(() => read(readFileSync(conformancePath('text-format', file))));
    return (error === undefined) === isGood ? [] : [`${file}: ${error ?? 'accepted'}`];
  });
  return { suite, cases: files.length, wrong };
}

/** Verdicts for files whose names do not say whether they are good. */
const CONFIG_VERDICTS: Readonly<Record<string, 'good' | 'bad'>> = {
  'agent_mode.with_alert_relabels.yml': 'bad',
  'agent_mode.with_rule_files.yml': 'bad',
};

/**
 * A file that needs a feature which a collector lacks is judged rightly when it is refused with the
 * name of that feature.
 */
async function prometheusConfig(): Promise<Score> {
  const folder = conformancePath('prometheus-config');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yml'));
  const wrong: string[] = [];
  for (const name of names) {
    const { plan, findings } = await checkConfigFile(join(folder, name), { env: {} });
    const wanted = CONFIG_VERDICTS[name] ?? (name.endsWith('.bad.yml') ? 'bad' : 'good');
    const errors = findings.filter((finding) => finding.severity === 'error');
    const byName = errors.length > 0 && errors.every(({ code }) => code === 'CONFIG_UNSUPPORTED');
    const isRight = wanted === 'bad' ? plan === undefined : plan !== undefined || byName;
    if (!isRight) wrong.push(`${name} (${wanted}): ${errors.map(formatFinding).join('; ')}`);
  }
  return { suite: 'Prometheus configuration', cases: names.length, wrong };
}

/**
 * Reads an exposition to its end, with every label and exemplar. @returns how many samples it has
 */
export function readPage(body: Uint8Array, format: ExpositionFormat): number {
  const reader = new ExpositionReader();
  reader.open(body, format);
  let count = 0;
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    if (entry !== 'sample') continue;
    reader.labels();
    if (reader.hasExemplar) reader.exemplar();
    count += 1;
  }
  return count;
}

function catchMessage(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
