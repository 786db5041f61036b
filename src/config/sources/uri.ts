/**
 * Parses the text that names a source of a configuration: a path, or one of the schemes below.
 * Pure.
 *
 *   file:path, or path     env:NAME     yaml:inline text     http://…     https://…
 *   ssm:name[:version|label]            secretsmanager:id[?stage=…&version=…&key=…]
 *   s3://bucket/key[?version=…&region=…]
 *   s3://BUCKET.s3.REGION.amazonaws.com/KEY (as ADOT writes it)
 *   s3://HOST:PORT/BUCKET/KEY?region=…      (as ADOT writes it)
 */
import { ConfigError } from '../../kernel/errors.ts';
import { findUrlFault, withoutSecrets } from '../../settings/url.ts';

export type SourceUri =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'yaml'; readonly text: string }
  | { readonly kind: 'http'; readonly url: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly key: string;
      readonly region?: string | undefined;
      readonly endpoint?: string | undefined;
      readonly version?: string | undefined;
    }
  | { readonly kind: 'ssm'; readonly name: string }
  | {
      readonly kind: 'secretsmanager';
      readonly id: string;
      readonly stage?: string | undefined;
      readonly version?: string | undefined;
      /** Key of the text, where the secret is a JSON object. */
      readonly key?: string | undefined;
    };

/** An unknown scheme that is longer is not shown. */
const SCHEME_LENGTH_MAX = 10;

/** @throws ConfigError for a scheme or form that is none of these */
export function parseSourceUri(text: string): SourceUri {
  const scheme = /^([a-z][a-z0-9]+):/i.exec(text)?.[1]?.toLowerCase();
  const rest = scheme === undefined ? text : text.slice(scheme.length + 1);
  switch (scheme) {
    case undefined:
      return { kind: 'file', path: text };
    case 'file':
      return { kind: 'file', path: rest.replace(/^\/\/(?=\/)/, '') };
    case 'env':
      return { kind: 'env', name: rest };
    case 'yaml':
      return { kind: 'yaml', text: rest };
    case 'http':
    case 'https': {
      const fault = findUrlFault('the source', text);
      if (fault !== undefined) throw new ConfigError('CONFIG_SOURCE', fault);
      return { kind: 'http', url: text };
    }
    case 's3':
      return parseS3(text, rest);
    case 'ssm':
      return { kind: 'ssm', name: required(rest, text) };
    case 'secretsmanager': {
      const [id, search] = split(rest, '?');
      const query = new URLSearchParams(search);
      return {
        kind: 'secretsmanager',
        id: required(id, text),
        stage: query.get('stage') ?? undefined,
        version: query.get('version') ?? undefined,
        key: query.get('key') ?? undefined,
      };
    }
    default:
      // What stands behind the colon may be a password, and a long word before it a key.
      throw new ConfigError(
        'CONFIG_SOURCE',
        `"${scheme.length <= SCHEME_LENGTH_MAX ? scheme : ''}:…" ` +
          'is no source of a configuration; write a path, or file:, ' +
          'env:, yaml:, http(s)://, s3://, ssm: or secretsmanager:',
      );
  }
}

function parseS3(text: string, rest: string): SourceUri {
  const [location, search] = split(rest.replace(/^\/\//, ''), '?');
  const query = new URLSearchParams(search);
  const region = query.get('region') ?? undefined;
  const version = query.get('version') ?? query.get('versionId') ?? undefined;
  const [host, path] = split(location, '/');
  const virtual = /^(.+)\.s3[.-]([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host);
  if (virtual !== null)
    return {
      kind: 's3',
      bucket: virtual[1] ?? '',
      key: required(path, text),
      region: region ?? virtual[2],
      version,
    };
  if (/:\d+$/.test(host) || (region !== undefined && host.includes('.'))) {
    const [bucket, key] = split(path, '/');
    const scheme = /^(?:localhost|127\.|\[::1\])/.test(host) ? 'http' : 'https';
    const endpoint = `${scheme}://${host}`;
    const fault = findUrlFault('the endpoint of the source', endpoint);
    if (fault !== undefined) throw new ConfigError('CONFIG_SOURCE', fault);
    return {
      kind: 's3',
      bucket: required(bucket, text),
      key: required(key, text),
      region,
      endpoint,
      version,
    };
  }
  return { kind: 's3', bucket: required(host, text), key: required(path, text), region, version };
}

/** Splits at the first separator. */
function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function required(part: string, text: string): string {
  if (part !== '') return part;
  const shown = JSON.stringify(withoutSecrets(text));
  throw new ConfigError('CONFIG_SOURCE', `${shown} is not complete`);
}

/**
 * The name of a source for logs and metrics. It leaves out inline text, and all of a URL but
 * scheme, host and path, since these may have secrets.
 */
export function publicName(uri: SourceUri, text: string): string {
  if (uri.kind === 'yaml') return 'yaml:…';
  if (uri.kind !== 'http') return text.replace(/\?.*$/, '');
  const { protocol, host, pathname } = new URL(uri.url);
  return `${protocol}//${host}${pathname}`;
}
