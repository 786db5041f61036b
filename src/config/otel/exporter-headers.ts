/**
 * Headers of an exporter. A header Authorization goes out as it is written: it becomes the
 * credentials of the entry, which say the same.
 */
import type { ConfigPath, Reporter } from '../../settings/finding.ts';

export interface ExporterHeaders {
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Keys of the entry; undefined where no header Authorization is written. */
  readonly credentials: Readonly<Record<string, unknown>> | undefined;
}

/** @param at  the path of the headers in the document */
export function resolveExporterHeaders(
  headers: Readonly<Record<string, string>> | undefined,
  at: ConfigPath,
  report: Reporter,
): ExporterHeaders {
  const name = Object.keys(headers ?? {}).find((one) => one.toLowerCase() === 'authorization');
  if (headers === undefined || name === undefined) return { headers, credentials: undefined };
  const { [name]: value = '', ...rest } = headers;
  const credentials = parseAuthorization(value);
  if (credentials === undefined)
    report.error(
      [...at, name],
      'CONFIG_VALUE',
      'expected a scheme, a blank and credentials, such as "Bearer TOKEN"',
    );
  return { headers: Object.keys(rest).length === 0 ? undefined : rest, credentials };
}

function parseAuthorization(value: string): Readonly<Record<string, unknown>> | undefined {
  const [, type = '', credentials = ''] = /^(\S+) (\S(?:.*\S)?)$/.exec(value) ?? [];
  if (type === '') return undefined;
  if (type.toLowerCase() !== 'basic') return { authorization: { type, credentials } };
  const text = Buffer.from(credentials, 'base64').toString();
  const colon = text.indexOf(':');
  const isWhole = Buffer.from(text).toString('base64') === credentials;
  if (colon < 0 || !isWhole) return undefined;
  return { basic_auth: { username: text.slice(0, colon), password: text.slice(colon + 1) } };
}
