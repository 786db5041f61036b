/**
 * scrape_config_files: the jobs of a configuration together with those of the files it includes.
 * Limits: files of one pattern ≤ 1,000.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { describeError } from '../kernel/errors.ts';
import { filesMatching } from '../settings/file-patterns.ts';
import type { Finding } from '../settings/finding.ts';
import { scrapeFileSchema, type ScrapeSource } from './prometheus.ts';
import { reportEmptyKeys } from './empty-keys.ts';
import { reportQuoted } from './quoted-values.ts';
import { expandValue, openDocument, parseLongList, type DocumentReading } from './reading.ts';

const FILES_MAX = 1_000;

/** The jobs of the main file, then those of the files that match the patterns. */
export async function withScrapeFiles(
  main: ScrapeSource,
  patterns: readonly string[] | undefined,
  reading: DocumentReading,
): Promise<readonly ScrapeSource[]> {
  const { baseDirectory, report } = main;
  const sources = [main];
  const seen = new Set<string>();
  for (const [index, pattern] of (patterns ?? []).entries()) {
    const path = ['scrape_config_files', index];
    if (/[*?[]/.test(dirname(pattern)) || /[?[]/.test(basename(pattern))) {
      const message = `path ${JSON.stringify(pattern)} may hold "*" only in its last part`;
      report.error(path, 'CONFIG_VALUE', message);
      continue;
    }
    if (seen.has(pattern))
      report.error(path, 'CONFIG_DUPLICATE', `${JSON.stringify(pattern)} is listed twice`);
    seen.add(pattern);
    const files = await filesMatching([pattern], baseDirectory);
    if (files.length === 0) report.warn(path, `${JSON.stringify(pattern)} matches no file`);
    for (const included of files.slice(0, FILES_MAX)) {
      const source = await readScrapeFile(included, reading);
      if (source !== undefined) sources.push(source);
    }
  }
  return sources;
}

async function readScrapeFile(
  file: string,
  reading: DocumentReading,
): Promise<ScrapeSource | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    reading.findings.push(unreadable(file, error));
    return undefined;
  }
  reading.texts.push(text);
  const opened = await openDocument(text, file, reading);
  if (opened === undefined) return undefined;
  const { document, report } = opened;
  await reportQuoted(scrapeFileSchema, document, report);
  await reportEmptyKeys(scrapeFileSchema, document, report);
  const value = await expandValue(document.value, reading, report);
  const context = { allowsPartial: reading.allowsPartial, report };
  const parsed = await parseLongList(scrapeFileSchema, 'scrape_configs', value, context);
  const { data, raw, report: ownReport } = parsed;
  const inputs = data.scrape_configs ?? [];
  return { inputs, raw, baseDirectory: dirname(file), report: ownReport };
}

export function unreadable(file: string, error: unknown): Finding {
  const { code } = error as NodeJS.ErrnoException;
  const message =
    code === 'ENOENT'
      ? 'the file does not exist; check the path'
      : `the file can't be read: ${describeError(error)}`;
  return { severity: 'error', code: 'CONFIG_FILE', file, line: 0, column: 0, message };
}
