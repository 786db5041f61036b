/**
 * Whom this process trusts over TLS: the certificate authorities that the command line or the
 * environment names, read at the start and again when their files change. They become Node's own
 * default, so that whatever speaks TLS takes them: our clients, the AWS SDK and its credential
 * providers. What a job or a sink names by `ca_file` stands above.
 *
 *   --tls.ca-file                                alone, if it is given
 *   AWS_CA_BUNDLE + SSL_CERT_FILE + SSL_CERT_DIR  else together, instead of the authorities that
 *                                                 Node brings
 *   NODE_EXTRA_CA_CERTS                          always in addition
 *
 * Source: https://nodejs.org/api/tls.html#tlssetdefaultcacertificatescerts
 */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, describeError } from './errors.ts';
import type { Logger } from './logger.ts';

export const TRUST_FLAG = '--tls.ca-file';

export interface TrustSettings {
  /** Of the command line; undefined when it names none. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One file, or one folder of files, and who named it. */
interface Bundle {
  readonly name: string;
  readonly place: string;
  readonly isFolder: boolean;
}

export interface Trust {
  /** PEM, each once. */
  readonly certificates: readonly string[];
  /** `AWS_CA_BUNDLE=/path`, for the log. */
  readonly sources: readonly string[];
}

const FILE_MAX_BYTES = 16 * 1024 * 1024;
const FOLDER_MAX_FILES = 10_000;
/** How often the files are looked at. */
const LOOK_EVERY_MS = 30_000;
const PEM =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * Reads and trusts what is named, and goes on looking for changes until the process ends, which it
 * does not hold up.
 *
 * @throws ConfigError TRUST_FILE for a bundle that cannot be read or holds no certificate
 */
export function followTrust(settings: TrustSettings, log: Logger, everyMs = LOOK_EVERY_MS): void {
  const bundles = findBundles(settings);
  if (bundles.length === 0) return;
  // Loaded only here: a process that names no authority may never speak TLS.
  const tls = process.getBuiltinModule('node:tls');
  const own = tls.getCACertificates('default');
  const apply = (): void => {
    const { certificates, sources } = readTrust(settings, own);
    tls.setDefaultCACertificates([...certificates]);
    log.info('certificate authorities were read', {
      from: sources.join(' '),
      certificates: certificates.length,
    });
  };
  let stamp = stampBundles(bundles);
  apply();
  setInterval(() => {
    const now = stampBundles(bundles);
    if (now === stamp) return;
    stamp = now;
    try {
      apply();
    } catch (error) {
      log.error('certificate authorities stay as they were', { error });
    }
  }, everyMs).unref();
}

/**
 * @param own  the authorities that hold where nobody names others
 * @throws ConfigError TRUST_FILE
 */
export function readTrust(settings: TrustSettings, own: readonly string[]): Trust {
  const bundles = findBundles(settings);
  const isReplaced = bundles.some(({ name }) => name !== EXTRA);
  const certificates = new Set(isReplaced ? [] : own);
  for (const bundle of bundles)
    for (const one of bundle.isFolder ? readFolders(bundle) : readBundle(bundle))
      certificates.add(one);
  return {
    certificates: [...certificates],
    sources: bundles.map(({ name, place }) => `${name}=${place}`),
  };
}

const EXTRA = 'NODE_EXTRA_CA_CERTS';

function findBundles({ file, env }: TrustSettings): Bundle[] {
  const named = (name: string, isFolder = false): Bundle[] => {
    const place = env[name] ?? '';
    return place === '' ? [] : [{ name, place, isFolder }];
  };
  const base =
    file === undefined
      ? [...named('AWS_CA_BUNDLE'), ...named('SSL_CERT_FILE'), ...named('SSL_CERT_DIR', true)]
      : [{ name: TRUST_FLAG, place: file, isFolder: false }];
  return [...base, ...named(EXTRA)];
}

function readBundle({ name, place }: Bundle): string[] {
  const text = readBounded(place, (why) => refusal(name, place, why));
  const found = text.match(PEM) ?? [];
  if (found.length === 0)
    throw refusal(name, place, 'it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)');
  return found.map((pem, index) =>
    normalised(pem, (why) =>
      refusal(name, place, `its certificate ${index + 1} of ${found.length} is none: ${why}`),
    ),
  );
}

/**
 * Every file of the folders that holds certificates; what holds none is passed over, as OpenSSL
 * does.
 */
function readFolders({ name, place }: Bundle): string[] {
  const found = place.split(path.delimiter).flatMap((folder) =>
    listFiles(folder, (why) => refusal(name, folder, why)).flatMap((file) => {
      try {
        return readBundle({ name, place: file, isFolder: false });
      } catch {
        return [];
      }
    }),
  );
  if (found.length === 0) throw refusal(name, place, 'no file there holds a certificate in PEM');
  return found;
}

function listFiles(folder: string, refuse: (why: string) => Error): string[] {
  try {
    return readdirSync(folder)
      .slice(0, FOLDER_MAX_FILES)
      .map((file) => path.join(folder, file))
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
  } catch (error) {
    throw refuse(describeError(error));
  }
}

function readBounded(file: string, refuse: (why: string) => Error): string {
  try {
    const { size } = statSync(file);
    if (size <= FILE_MAX_BYTES) return readFileSync(file, 'latin1');
  } catch (error) {
    throw refuse(describeError(error));
  }
  throw refuse(`it is larger than ${FILE_MAX_BYTES} bytes`);
}

/** In one spelling, so that the same certificate of two files counts once. */
function normalised(pem: string, refuse: (why: string) => Error): string {
  try {
    return new X509Certificate(pem).toString();
  } catch (error) {
    throw refuse(describeError(error));
  }
}

function refusal(name: string, place: string, why: string): ConfigError {
  return new ConfigError(
    'TRUST_FILE',
    `${name} names "${place}", whose certificate authorities can't be taken: ${why}; ${
      name === TRUST_FLAG ? 'name a PEM bundle' : 'name a PEM bundle, or unset the variable'
    }`,
  );
}

function stampBundles(bundles: readonly Bundle[]): string {
  const files = bundles.flatMap(({ place, isFolder }) =>
    isFolder ? place.split(path.delimiter).flatMap((folder) => filesOrNone(folder)) : [place],
  );
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? file : `${file} ${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    })
    .join('\n');
}

function filesOrNone(folder: string): string[] {
  try {
    return listFiles(folder, (why) => new Error(why));
  } catch {
    return [];
  }
}
