/**
 * Through which proxy clients of the Collector go: the one that is written, else the one that the
 * environment names. Pure.
 */

/** Keys of `settings/proxy.ts`; undefined for no proxy. */
export function resolveClientProxy(
  url: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): object | undefined {
  if (url !== undefined && url !== '') return { proxy_url: url };
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'];
  return names.some((name) => (env[name] ?? '') !== '')
    ? { proxy_from_environment: true }
    : undefined;
}
