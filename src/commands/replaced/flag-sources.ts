/**
 * Parts of a configuration that other programs take as flags: the remote write of vmagent, and
 * `--set` of the Collector. Each becomes a source of the configuration (`yaml:…`), which is merged
 * after the others. Pure.
 */
import { parseForeignJson } from '../../kernel/foreign-json.ts';
import { parseForeignYaml } from '../../kernel/foreign-yaml.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';

/** The texts that a flag was given, without its dashes; none where it is absent. */
export type Given = ReadonlyMap<string, readonly string[]>;

/** @throws ConfigError */
export function sourcesOfFlags(given: Given): readonly string[] {
  return partsOfFlags(given).map((part) => `yaml:${JSON.stringify(part)}`);
}

/** Each counts before those in front of it. @throws ConfigError */
export function partsOfFlags(given: Given): readonly object[] {
  const parts = [remoteWritePart(given), ...(given.get('set') ?? []).map(partOfSet)];
  return parts.filter((part) => part !== undefined);
}

/** `processors.batch.timeout=2s`. The value is YAML; it is not shown in the error. */
function partOfSet(text: string): object {
  const at = text.indexOf('=');
  const keys = text.slice(0, at).split(/::|\./);
  if (at < 1 || keys.includes(''))
    throw new ConfigError('FLAG_VALUE', '--set: write key.key=value: processors.batch.timeout=2s');
  let value: unknown;
  try {
    value = parseForeignYaml(text.slice(at + 1));
  } catch (error) {
    fail(`--set: the value of ${keys.join('.')} is no YAML (${describeError(error)})`);
  }
  for (const key of keys.toReversed()) value = Object.fromEntries([[key, value]]);
  return value as object;
}

function remoteWritePart(given: Given): object | undefined {
  const names = [...given.keys()].filter((name) => name.startsWith('remoteWrite.'));
  if (names.length === 0) return undefined;
  const listOf = (name: string): string[] =>
    (given.get(`remoteWrite.${name}`) ?? []).flatMap(splitList);
  const labels = listOf('label').map((text) => splitOnce(text, '=', '-remoteWrite.label'));
  const urls = listOf('url');
  const other = names.find((name) => name !== 'remoteWrite.label' && name !== 'remoteWrite.url');
  if (urls.length === 0 && other !== undefined)
    throw new ConfigError(
      'FLAG_COMBINATION',
      `-${other} needs -remoteWrite.url; or write it into remote_write of the configuration`,
    );
  return {
    ...(labels.length === 0 ? {} : { global: { external_labels: Object.fromEntries(labels) } }),
    ...(urls.length === 0 ? {} : { remote_write: urls.map((url, i) => entryOf(url, i, listOf)) }),
  };
}

/** A flag that is given once counts for all URLs. */
function entryOf(url: string, i: number, listOf: (name: string) => string[]): object {
  const valueOf = (name: string): string | undefined => {
    const list = listOf(name);
    return (list.length === 1 ? list[0] : list[i]) || undefined;
  };
  const isOn = (name: string): boolean => /^(?:1|t|true)$/i.test(valueOf(name) ?? '');
  const pick = (names: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(names).flatMap(([key, name]) => {
        const value = valueOf(name);
        return value === undefined ? [] : [[key, value]];
      }),
    );
  const parts: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    basic_auth: pick({
      username: 'basicAuth.username',
      username_file: 'basicAuth.usernameFile',
      password: 'basicAuth.password',
      password_file: 'basicAuth.passwordFile',
    }),
    oauth2: oauth2Of(pick, valueOf),
    authorization: pick({ credentials: 'bearerToken', credentials_file: 'bearerTokenFile' }),
    headers: Object.fromEntries(
      (valueOf('headers')?.split('^^') ?? []).map((text) =>
        splitOnce(text, ':', '-remoteWrite.headers'),
      ),
    ),
    tls_config: {
      ...pick({
        ca_file: 'tlsCAFile',
        cert_file: 'tlsCertFile',
        key_file: 'tlsKeyFile',
        server_name: 'tlsServerName',
      }),
      ...(isOn('tlsInsecureSkipVerify') ? { insecure_skip_verify: true } : {}),
    },
    queue_config: sizeOf(valueOf('maxDiskUsagePerURL') ?? '0'),
  };
  const filled = Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0);
  const keys = { region: 'aws.region', role_arn: 'aws.roleARN' };
  const service = { service_name: 'aws.service' };
  const secrets = { access_key: 'aws.accessKey', secret_key: 'aws.secretKey' };
  return {
    url,
    ...pick({ proxy_url: 'proxyURL', remote_timeout: 'sendTimeout' }),
    ...Object.fromEntries(filled),
    ...(isOn('aws.useSigv4') ? { sigv4: pick({ ...keys, ...secrets, ...service }) } : {}),
  };
}

/** Scopes have semicolons between them, and parameters are an object of JSON. */
function oauth2Of(
  pick: (names: Readonly<Record<string, string>>) => Record<string, string>,
  valueOf: (name: string) => string | undefined,
): Readonly<Record<string, unknown>> {
  const keys = pick({
    client_id: 'oauth2.clientID',
    client_secret: 'oauth2.clientSecret',
    client_secret_file: 'oauth2.clientSecretFile',
    token_url: 'oauth2.tokenUrl',
  });
  const scopes = (valueOf('oauth2.scopes') ?? '').split(';').filter((scope) => scope !== '');
  const params = valueOf('oauth2.endpointParams');
  return {
    ...keys,
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(params === undefined ? {} : { endpoint_params: readParameters(params) }),
  };
}

function readParameters(text: string): unknown {
  try {
    return parseForeignJson(text);
  } catch (error) {
    fail(`-remoteWrite.oauth2.endpointParams: ${describeError(error)}; write {"name":"value"}`);
  }
}

const POWERS = ['', 'K', 'M', 'G', 'T'];

/** vmagent's KB are of 1,000 bytes, its KiB of 1,024. */
function sizeOf(text: string): Record<string, string> {
  const [, digits = '', letter = '', binary] =
    /^(\d+(?:\.\d+)?)([KMGT]?)(i?)B?$/i.exec(text) ??
    fail('-remoteWrite.maxDiskUsagePerURL: write 500MB, 2GiB, or a number of bytes');
  const base = binary === '' ? 1_000 : 1_024;
  const bytes = Math.floor(Number(digits) * base ** POWERS.indexOf(letter.toUpperCase()));
  return bytes === 0 ? {} : { disk_size_limit: `${bytes}B` };
}

function splitOnce(text: string, separator: string, flag: string): [string, string] {
  const at = text.indexOf(separator);
  if (at < 1) fail(`${flag}: write name${separator}value`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function fail(words: string): never {
  throw new ConfigError('FLAG_VALUE', words);
}

/** Splits at commas outside of quotes and brackets, as vmagent does; quotes around a value go. */
function splitList(text: string): string[] {
  const parts = text.match(
    /(?:"[^"]*"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|[^,])+|(?<=,|^)(?=,|$)/g,
  );
  return (parts ?? [text]).map((part) => part.replace(/^(["'])(.*)\1$/s, '$2'));
}
