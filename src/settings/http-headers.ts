/**
 * Headers that a configuration adds to requests, and those that it may not set.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 * (http_headers)
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { CheckContext, ConfigPath, Reporter } from './finding.ts';
import { readNow, resolveSecret, secretSchema } from './secret.ts';
import { listOf, textSchema } from './text.ts';

export const httpHeadersSchema = z.record(
  z.string(),
  z.strictObject({
    values: listOf(secretSchema).optional().describe('Values; several are joined by commas.'),
    secrets: listOf(secretSchema).optional().describe('As values; never shown.'),
    files: listOf(textSchema).optional().describe('Files that hold values.'),
  }),
);

/** Headers that the protocol sets itself. */
const RESERVED = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

/**
 * Reads the headers, files too.
 *
 * @param context  its path is that of http_headers
 * @returns        the values of each name, joined by ", "
 */
export function resolveHeaders(
  input: z.output<typeof httpHeadersSchema>,
  context: CheckContext,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, { values = [], secrets = [], files = [] }] of Object.entries(input)) {
    const path = [...context.path, name];
    checkHeaderName(name, path, context.report);
    const read = files.flatMap((file) => readHeaderFile(file, { ...context, path }));
    const all = [...values, ...secrets, ...read];
    if (all.length === 0) continue;
    headers[name] = all.join(', ');
    checkHeaderValue(headers[name], path, context.report);
  }
  return headers;
}

/** Files of headers are read with the configuration, unlike those of passwords. */
function readHeaderFile(file: string, context: CheckContext): string[] {
  const { path, baseDirectory, report } = context;
  if (existsSync(resolve(baseDirectory, file)))
    return [readNow(resolveSecret(undefined, file, context), path, context)];
  report.warn(
    path,
    `file ${JSON.stringify(file)} does not exist yet; requests go without it until the ` +
      'configuration is read again',
  );
  return [];
}

/** Reports a header that the protocol sets itself, and a name that no header may have. */
export function checkHeaderName(name: string, path: ConfigPath, report: Reporter): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    report.error(path, 'CONFIG_VALUE', `${JSON.stringify(name)} is not a header name`);
  else if (RESERVED.has(name.toLowerCase()))
    report.error(path, 'CONFIG_VALUE', `header "${name}" is reserved; remove it`);
}

/** Checks headers that are written as a mapping of names to values. @param at  their path */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  at: ConfigPath,
  report: Reporter,
): void {
  const seen = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const path = [...at, name];
    checkHeaderName(name, path, report);
    checkHeaderValue(value, path, report);
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      const message = `header "${name}" is the same as "${other}"; keep one`;
      report.error(path, 'CONFIG_DUPLICATE', message);
    }
    seen.set(name.toLowerCase(), name);
  }
}

/**
 * Reports a value that no request could be sent with. The value may be a secret: it is not told.
 */
export function checkHeaderValue(value: string, path: ConfigPath, report: Reporter): void {
  if (FORBIDDEN.test(value))
    report.error(
      path,
      'CONFIG_VALUE',
      'the value of a header holds a line break or another character that none may have; remove it',
    );
}

/** All that is neither a tab nor printable in ISO 8859-1, as Node refuses it. */
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;
