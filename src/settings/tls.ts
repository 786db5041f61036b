/**
 * tls_config: which certificates a client trusts, and its own. Listeners (web-config.ts) share the
 * names of the TLS versions.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#tls_config
 */
import { resolve } from 'node:path';
import type { SecureVersion } from 'node:tls';
import * as z from 'zod';
import type { TlsSettings } from '../kernel/http-connection.ts';
import { type CheckContext, checkOnlyOne } from './finding.ts';
import { resolveSecret, secretSchema } from './secret.ts';
import { switchSchema } from './switch.ts';
import { textSchema } from './text.ts';

/** Prometheus' names of the TLS versions, with Node's. */
export const TLS_VERSIONS = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
} as const satisfies Record<string, SecureVersion>;

export const tlsVersionSchema = z.enum(['TLS10', 'TLS11', 'TLS12', 'TLS13']);

export const tlsSchema = z.strictObject({
  ca: textSchema
    .optional()
    .describe('Certificate authorities to trust, PEM; those of the process by default.'),
  ca_file: textSchema
    .optional()
    .meta({ description: 'File of them; read again when it changes.', examples: ['ca.pem'] }),
  cert: textSchema.optional().describe("The client's certificate, PEM."),
  cert_file: textSchema.optional().describe('File of it; read again when it changes.'),
  key: secretSchema.optional().describe("The certificate's key, PEM."),
  key_file: textSchema.optional().describe('File of it; read again when it changes.'),
  server_name: textSchema.optional().describe('Name to verify in place of the host of the URL.'),
  insecure_skip_verify: switchSchema
    .optional()
    .meta({ description: 'Takes any certificate.', default: false }),
  min_version: tlsVersionSchema
    .optional()
    .meta({ description: 'Least version of TLS that is spoken.', default: 'TLS12' }),
  max_version: tlsVersionSchema
    .optional()
    .meta({ description: 'Highest version of TLS that is spoken.', default: 'TLS13' }),
});

export type TlsInput = z.output<typeof tlsSchema>;

export interface ResolvedTls {
  readonly settings: TlsSettings;
  /** Absolute paths of the files that the settings read. */
  readonly files: readonly string[];
}

const PARTS = ['ca', 'cert', 'key'] as const;

/** Checks the keys against each other. @param context  its path is that of tls_config */
export function resolveTls(input: TlsInput, context: CheckContext): ResolvedTls {
  const { path, baseDirectory, report } = context;
  for (const part of PARTS) checkOnlyOne(input, [part, `${part}_file`], context);
  const hasCert = (input.cert ?? input.cert_file) !== undefined;
  const hasKey = (input.key ?? input.key_file) !== undefined;
  if (hasCert !== hasKey)
    report.error(path, 'CONFIG_VALUE', 'a client certificate needs both cert and key');
  const { min_version: least = 'TLS12', max_version: most = 'TLS13' } = input;
  if (least > most)
    report.error(
      [...path, input.min_version === undefined ? 'max_version' : 'min_version'],
      'CONFIG_VALUE',
      'no version of TLS is left: min_version is above max_version; change one',
    );
  const read = (part: (typeof PARTS)[number]): (() => string) | undefined =>
    resolveSecret(input[part], input[`${part}_file`], {
      ...context,
      path: [...path, `${part}_file`],
    });
  return {
    settings: {
      ca: read('ca'),
      cert: read('cert'),
      key: read('key'),
      serverName: input.server_name,
      skipsVerification: input.insecure_skip_verify ?? false,
      minVersion: input.min_version && TLS_VERSIONS[input.min_version],
      maxVersion: input.max_version && TLS_VERSIONS[input.max_version],
    },
    files: PARTS.flatMap((part) => {
      const file = input[`${part}_file`];
      return file === undefined ? [] : [resolve(baseDirectory, file)];
    }),
  };
}
