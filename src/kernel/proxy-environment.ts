/**
 * The proxies that the environment names, as Go's programs read them: `host:port` is
 * `http://host:port`. A variable in lower case is before the one in upper case, and an empty one
 * counts as absent. Pure.
 * Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */

type Env = Readonly<Record<string, string | undefined>>;

export interface EnvironmentProxies {
  /** URLs; empty for none. */
  readonly http: string;
  readonly https: string;
  readonly no: string;
  /** What is wrong with a variable, by its name and without its value, which may be secret. */
  readonly fault: string | undefined;
}

export function readProxyEnvironment(env: Env): EnvironmentProxies {
  const http = readVariable('HTTP_PROXY', env);
  const https = readVariable('HTTPS_PROXY', env);
  return {
    http: toUrl(http.text),
    https: toUrl(https.text),
    no: readVariable('NO_PROXY', env).text,
    fault: findFault(https) ?? findFault(http),
  };
}

interface Variable {
  readonly name: string;
  readonly text: string;
}

function readVariable(name: string, env: Env): Variable {
  const lower = name.toLowerCase();
  const text = env[lower] ?? '';
  return text === ''
    ? { name, text: (env[name] ?? '').trim() }
    : { name: lower, text: text.trim() };
}

function toUrl(text: string): string {
  return text === '' || /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

function findFault({ name, text }: Variable): string | undefined {
  if (text === '') return undefined;
  const url = toUrl(text);
  const remedy =
    'write http://host:port or host:port, with special characters of a password as %XX, or ' +
    'unset it';
  const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
  if (scheme !== 'http' && scheme !== 'https')
    return `${name} names a proxy of the scheme "${scheme}", which is not supported; ${remedy}`;
  return /^https?:\/\/[^/]/i.test(url) && URL.canParse(url)
    ? undefined
    : `${name} is no URL of a proxy; ${remedy}`;
}
