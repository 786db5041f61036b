/**
 * The credentials that an exporter gets of the authenticator that it names. Only sigv4auth signs
 * with AWS credentials: other receivers must not get requests signed with the task's.
 * Not here: the authenticators themselves (extensions/).
 */
import * as z from 'zod';
import { awsAccessShape } from '../../settings/aws-access.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { textSchema } from '../../settings/text.ts';
import type { DocumentReading } from '../reading.ts';

/** One change to the headers of an exporter; names are compared without regard to case. */
export interface HeaderChange {
  readonly name: string;
  /** insert: only where it is absent; update: only where it is there; upsert: in any case. */
  readonly action: 'insert' | 'update' | 'upsert' | 'delete';
  readonly value: string;
}

/** Keys of a remote_write entry, and the path in the document that they come from. */
export interface Credentials {
  readonly input: Readonly<Record<string, unknown>>;
  readonly at: ConfigPath;
  /** Changes to the exporter's own headers, in order. */
  readonly headers?: readonly HeaderChange[] | undefined;
}

export interface AuthenticatorContext {
  /**
   * What the extensions that run are to exporters; undefined for one that can't be done, which the
   * findings say.
   */
  readonly authenticators: ReadonlyMap<string, Credentials | 'no authenticator' | undefined>;
  readonly isDefined: (name: string) => boolean;
  readonly reading: DocumentReading;
  readonly report: Reporter;
}

/** The block aws_auth of awsprometheusremotewrite, which is older than extensions. */
export const awsAuthSchema = z.strictObject({
  region: awsAccessShape.region,
  service: textSchema
    .optional()
    .meta({ description: 'Service that is signed for.', default: 'aps' }),
  role_arn: awsAccessShape.role_arn,
});

/**
 * Resolves the authenticator that an exporter names. Undefined when it can't be done; the findings
 * then say why.
 *
 * @param path  path of the name in the exporter
 */
export function resolveAuthenticator(
  name: string,
  path: ConfigPath,
  { authenticators, isDefined, report }: Omit<AuthenticatorContext, 'reading'>,
): Credentials | undefined {
  if (!authenticators.has(name)) {
    const why = isDefined(name)
      ? '"service.extensions" does not name it'
      : '"extensions" does not define it';
    report.error(path, 'CONFIG_VALUE', `authenticator "${name}" is not found: ${why}`);
    return undefined;
  }
  const found = authenticators.get(name);
  if (found !== 'no authenticator') return found;
  report.error(
    path,
    'CONFIG_VALUE',
    `extension "${name}" is not an authenticator; use sigv4auth, basicauth, bearertokenauth, ` +
      'oauth2client or headers_setter',
  );
  return undefined;
}

/** The block sigv4 of a remote_write entry. */
export function pickSigv4(signed: {
  readonly region?: string | undefined;
  readonly service?: string | undefined;
  readonly arn?: string | undefined;
  readonly externalId?: string | undefined;
  readonly sessionName?: string | undefined;
  readonly stsRegion?: string | undefined;
  readonly tokenFile?: string | undefined;
}): Readonly<Record<string, unknown>> {
  const filled = Object.entries({
    region: signed.region,
    service_name: signed.service === 'aps' ? undefined : signed.service,
    role_arn: signed.arn,
    external_id: signed.externalId,
    session_name: signed.sessionName,
    sts_region: signed.stsRegion,
    web_identity_token_file: signed.tokenFile,
  }).filter(([, value]) => value !== undefined && value !== '');
  return { sigv4: Object.fromEntries(filled) };
}

/** The headers after the changes; undefined when there are none. */
export function changeHeaders(
  headers: Readonly<Record<string, string>> | undefined,
  changes: readonly HeaderChange[] | undefined,
): Readonly<Record<string, string>> | undefined {
  if (changes === undefined || changes.length === 0) return headers;
  const changed = new Map(Object.entries(headers ?? {}));
  for (const { name, action, value } of changes) {
    const lower = name.toLowerCase();
    const known = [...changed.keys()].filter((one) => one.toLowerCase() === lower);
    if (action === 'insert' && known.length > 0) continue;
    if (action === 'update' && known.length === 0) continue;
    for (const one of known) changed.delete(one);
    if (action !== 'delete') changed.set(name, value);
  }
  return Object.fromEntries(changed);
}
