/**
 * What a token of JWT's form says of its bearer: names of its provider, and the condition keys that
 * a trust policy may ask for. Its signature is not looked at.
 *
 *     { iss: https://HOST/a, sub: s, aud: x, azp: y }
 *     HOST/a:sub = s, HOST/a:aud = y, HOST/a:oaud = x
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
 */
import type { Need } from '../access.ts';

export interface WebIdentity {
  readonly subject: string;
  /** Without its scheme, as keys and ARNs have it. */
  readonly issuer?: string;
  readonly context: NonNullable<Need['context']>;
  readonly tags: ReadonlyMap<string, string>;
  readonly transitiveKeys: readonly string[];
  readonly sourceIdentity?: string;
}

const TAGS_CLAIM = 'https://aws.amazon.com/tags';
const SOURCE_CLAIM = 'https://aws.amazon.com/source_identity';

export function readWebIdentity(token: string): WebIdentity {
  const claims = readClaims(token);
  const subject = textOf(claims['sub']);
  const issuer = textOf(claims['iss'])?.replace(/^https:\/\//, '');
  const given = recordOf(claims[TAGS_CLAIM]);
  const tags = Object.entries(recordOf(given['principal_tags'])).flatMap(
    ([key, value]): [string, string][] => textsOf(value).map((one) => [key, one]),
  );
  const sourceIdentity = textOf(claims[SOURCE_CLAIM]);
  return {
    subject: subject ?? 'subject',
    ...(issuer !== undefined && { issuer }),
    context: issuer === undefined ? {} : describeClaims(issuer, claims),
    tags: new Map(tags),
    transitiveKeys: textsOf(given['transitive_tag_keys']),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
  };
}

/** Who is authorized stands for whom the token is meant for, where a token names both. */
function describeClaims(
  issuer: string,
  claims: Readonly<Record<string, unknown>>,
): NonNullable<Need['context']> {
  const isAuthorized = textOf(claims['azp']) !== undefined;
  const keys = {
    sub: textsOf(claims['sub']),
    aud: textsOf(claims[isAuthorized ? 'azp' : 'aud']),
    oaud: isAuthorized ? textsOf(claims['aud']) : [],
    amr: textsOf(claims['amr']),
    email: textsOf(claims['email']),
  };
  return Object.fromEntries(
    Object.entries(keys).flatMap(([name, values]) =>
      values.length === 0 ? [] : [[`${issuer}:${name}`, values]],
    ),
  );
}

function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const [, claims = ''] = token.split('.');
    return recordOf(JSON.parse(Buffer.from(claims, 'base64url').toString()));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function textsOf(value: unknown): readonly string[] {
  return [value].flat().filter((one) => typeof one === 'string');
}
