/**
 * How a client connects: its TLS and its proxy together, with a key and a stamp by which changes
 * are noticed.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { isSocksUrl } from '../kernel/socks5.ts';
import type { HttpConnection } from '../kernel/http-connection.ts';
import type { CheckContext } from './finding.ts';
import { type ProxyInput, proxyShape, resolveProxy } from './proxy.ts';
import { resolveTls, type TlsInput, tlsSchema } from './tls.ts';

export const connectionShape = {
  tls_config: tlsSchema.optional().describe('TLS of the connections.'),
  ...proxyShape,
} as const;

export interface ConnectionInput extends ProxyInput {
  readonly tls_config?: TlsInput | undefined;
}

/** Undefined when nothing is set: such clients connect with the defaults. */
export function resolveConnection(
  input: ConnectionInput,
  context: CheckContext,
): HttpConnection | undefined {
  const { tls_config: written } = input;
  const proxy = resolveProxy(input, context);
  const tls =
    written === undefined
      ? undefined
      : resolveTls(written, { ...context, path: [...context.path, 'tls_config'] });
  if (tls === undefined && proxy === undefined) return undefined;
  const files = tls?.files ?? [];
  return {
    tls: tls?.settings,
    proxy,
    key: createHash('sha256')
      .update(JSON.stringify([written, files, proxy]))
      .digest('base64'),
    stamp: () => files.map(stampSecretFile).join(),
  };
}

/** The same for calls of AWS, whose clients know no SOCKS5. */
export function resolveConnectionToAws(
  input: ConnectionInput,
  context: CheckContext,
): HttpConnection | undefined {
  if (isSocksUrl(input.proxy_url ?? ''))
    context.report.error(
      [...context.path, 'proxy_url'],
      'CONFIG_VALUE',
      'AWS is not called through SOCKS5; write the URL of an HTTP proxy, http://host:port',
    );
  return resolveConnection(input, context);
}

function stampSecretFile(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
}
