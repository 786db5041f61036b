/**
 * `amperage check metrics`: checks an exposition from a file, a URL or standard input against the
 * rules of its format, then against good practice for names and help texts.
 * Source: https://prometheus.io/docs/practices/naming/, prometheus/client_golang (promlint)
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { ConfigError } from '../../kernel/errors.ts';
import { createHttpClient } from '../../kernel/http-client.ts';
import type { SeriesType } from '../../model/sample.ts';
import { checkExposition } from '../../wire/exposition/check.ts';
import { ExpositionError } from '../../wire/exposition/error.ts';
import { type ExpositionFormat, ExpositionReader } from '../../wire/exposition/reader.ts';
import {
  acceptHeader,
  DEFAULT_PROTOCOLS,
  parseContentType,
} from '../../wire/exposition/negotiation.ts';
import { checkOpenMetrics } from '../../wire/exposition/openmetrics-check.ts';
import { addTrustFlag } from '../trust.ts';

interface ReadExposition {
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
}

const TIMEOUT_MS = 10_000;
const BODY_MAX_BYTES = 256 * 1024 * 1024;
/** Units that are not a base unit, each with its base unit. */
const ODD_UNITS: Readonly<Record<string, string>> = {
  milliseconds: 'seconds',
  ms: 'seconds',
  minutes: 'seconds',
  hours: 'seconds',
  days: 'seconds',
  kilobytes: 'bytes',
  megabytes: 'bytes',
  gigabytes: 'bytes',
  kb: 'bytes',
  mb: 'bytes',
  percent: 'ratio',
};

export function createCheckMetricsCommand(write: (text: string) => void): Command {
  return addTrustFlag(new Command('metrics'))
    .description('check an exposition: the rules of its format, then names and help texts')
    .argument('[source]', 'a file or a URL; standard input without it')
    .addOption(
      new Option(
        '--format <format>',
        'format to check by (default: by Content-Type, or by "# EOF" at the end)',
      ).choices(['text', 'openmetrics']),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  curl -s localhost:9779/metrics | amperage check metrics\n  amperage ' +
        'check metrics http://localhost:9779/metrics --format openmetrics\n',
    )
    .action(async (source: string | undefined, options: { format?: ExpositionFormat }) => {
      const { body, contentType } = await readExposition(source, options.format);
      const format = options.format ?? chooseFormat(body, contentType);
      const name = source ?? 'standard input';
      try {
        if (format === 'openmetrics') checkOpenMetrics(body);
        else checkExposition(body);
      } catch (error) {
        if (!(error instanceof ExpositionError)) throw error;
        throw new ConfigError('METRICS_INVALID', `${name}: ${error.message}`);
      }
      const { samples, remarks } = lint(body, format);
      for (const remark of remarks) write(`${remark}\n`);
      write(`${name}: valid ${format}, ${samples} samples, ${remarks.length} remarks\n`);
      // Remarks are no errors, yet a script can see them in the status. promtool has the same.
      if (remarks.length > 0) process.exitCode = 3;
    });
}

async function readExposition(
  source: string | undefined,
  format?: ExpositionFormat,
): Promise<ReadExposition> {
  if (source === undefined) return { body: readFileSync(0), contentType: undefined };
  if (!/^https?:\/\//.test(source)) {
    const body = await readFile(source).catch((error: unknown) => {
      throw new ConfigError('METRICS_FILE', `cannot read "${source}"; give a file or a URL`, {
        cause: error,
      });
    });
    return { body, contentType: undefined };
  }
  const http = createHttpClient();
  try {
    const answer = await http.send({
      method: 'GET',
      url: source,
      headers: {
        accept:
          format === 'text'
            ? acceptHeader(['PrometheusText0.0.4'], 'underscores')
            : acceptHeader(DEFAULT_PROTOCOLS, 'allow-utf-8'),
        'accept-encoding': 'gzip',
      },
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
      signal: new AbortController().signal,
    });
    if (answer.status !== 200)
      throw new ConfigError('METRICS_STATUS', `${source} answered with status ${answer.status}`);
    return { body: answer.body, contentType: answer.headers['content-type'] };
  } finally {
    await http.close();
  }
}

function chooseFormat(body: Uint8Array, contentType: string | undefined): ExpositionFormat {
  if (contentType !== undefined)
    return parseContentType(contentType) === 'openmetrics' ? 'openmetrics' : 'text';
  const tail = Buffer.from(body.subarray(Math.max(0, body.length - 16))).toString('latin1');
  return /(?:^|\n)# EOF\n?$/.test(tail) ? 'openmetrics' : 'text';
}

/** Finds what the format allows and good practice advises against. */
function lint(
  body: Uint8Array,
  format: ExpositionFormat,
): { samples: number; remarks: readonly string[] } {
  const reader = new ExpositionReader();
  reader.open(body, format);
  const helps = new Set<string>();
  const types = new Map<string, SeriesType>();
  let samples = 0;
  const names = new Set<string>();
  for (let entry = reader.next(); entry !== 'end'; entry = reader.next()) {
    if (entry === 'help' && reader.text !== '') helps.add(reader.metricName);
    if (entry === 'type') types.set(reader.metricName, reader.type);
    if (entry !== 'sample') continue;
    samples += 1;
    names.add(reader.labels()[0]?.[1] ?? '');
  }
  const families = new Set([...types.keys(), ...[...names].filter((name) => !isPart(name, types))]);
  const remarks: string[] = [];
  for (const name of families) {
    const say = (text: string): void => void remarks.push(`${name}: ${text}`);
    const type = types.get(name) ?? 'unknown';
    if (!helps.has(name)) say('has no help text');
    if (format === 'text' && type === 'counter' && !name.endsWith('_total'))
      say('is a counter and should end in "_total"');
    if (type !== 'counter' && type !== 'unknown' && name.endsWith('_total'))
      say(`is a ${type} and should not end in "_total"`);
    if (/[A-Z]/.test(name)) say('should be in snake_case');
    const unit = name
      .replace(/_total$/, '')
      .split('_')
      .find((word) => Object.hasOwn(ODD_UNITS, word));
    if (unit !== undefined) say(`should be in ${ODD_UNITS[unit]}, not in ${unit}`);
    if (name.includes(':')) say('holds a colon, which is for recording rules');
  }
  return { samples, remarks };
}

/** Whether a sample's name is that of a known family with a suffix, such as `_bucket`. */
function isPart(name: string, types: ReadonlyMap<string, SeriesType>): boolean {
  const stem = name.replace(/_(?:total|bucket|count|sum|created|gcount|gsum|info)$/, '');
  return stem !== name && types.has(stem);
}
