/**
 * The certificate authorities that this process trusts over TLS: those that the command line or the
 * environment names, read at the start and again when their files change. They become Node's
 * default, so that all TLS connections use them: our clients, the AWS SDK and its credential
 * providers. A `ca_file` of a job or a sink takes precedence for its own connections.
 *
 *   --tls.ca-file                                 alone, if it is given
 *   AWS_CA_BUNDLE + SSL_CERT_FILE + SSL_CERT_DIR  otherwise together, instead of the authorities
 *                                                 that Node has built in
 *   NODE_EXTRA_CA_CERTS                           always in addition
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
  /** The value of the flag; undefined when it is not given. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A flag or variable that names authorities, and its value. */
interface Bundle {
  readonly name: string;
  /** The path of a file; with `isFolder` the paths of folders, joined by `path.delimiter`. */
  readonly value: string;
  readonly isFolder: boolean;
}

export interface Trust {
  /** In PEM, each certificate once. */
  readonly certificates: readonly string[];
  /** Such as `AWS_CA_BUNDLE=/path`, for the log. */
  readonly sources: readonly string[];
}

const FILE_MAX_BYTES = 16 * 1024 * 1024;
const FOLDER_MAX_FILES = 10_000;
/** How often the files are checked for changes. */
const LOOK_EVERY_MS = 30_000;
const PEM =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * Reads and trusts the named authorities, and checks their files for changes until the process
 * ends. Its timer does not keep the process running.
 *
 * @throws ConfigError TRUST_FILE for a bundle that cannot be read or holds no certificate
 */
export function followTrust(settings: TrustSettings, log: Logger, everyMs = LOOK_EVERY_MS): void {
  const bundles = findBundles(settings);
  if (bundles.length === 0) return;
  // Loaded only here: a process without named authorities may never use TLS.
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
 * @param own  the authorities that are trusted where no others are named
 * @throws ConfigError TRUST_FILE
 */
export function readTrust(settings: TrustSettings, own: readonly string[]): Trust {
  const bundles = findBundles(settings);
  const isReplaced = bundles.some(({ name }) => name !== EXTRA);
  const certificates = new Set(isReplaced ? [] : own);
  for (const bundle of bundles)
    for (const certificate of bundle.isFolder ? readFolders(bundle) : readBundle(bundle))
      certificates.add(certificate);
  return {
    certificates: [...certificates],
    sources: bundles.map(({ name, value }) => `${name}=${value}`),
  };
}

const EXTRA = 'NODE_EXTRA_CA_CERTS';

function findBundles({ file, env }: TrustSettings): Bundle[] {
  const named = (name: string, isFolder = false): Bundle[] => {
    const value = env[name] ?? '';
    return value === '' ? [] : [{ name, value, isFolder }];
  };
  const base =
    file === undefined
      ? [...named('AWS_CA_BUNDLE'), ...named('SSL_CERT_FILE'), ...named('SSL_CERT_DIR', true)]
      : [{ name: TRUST_FLAG, value: file, isFolder: false }];
  return [...base, ...named(EXTRA)];
}

function readBundle({ name, value: file }: Bundle): string[] {
  const text = readBounded(file, (why) => refuseBundle(name, file, why));
  const found = text.match(PEM) ?? [];
  if (found.length === 0)
    throw refuseBundle(name, file, 'it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)');
  return found.map((pem, index) =>
    normalise(pem, (why) =>
      refuseBundle(
        name,
        file,
        `its certificate ${index + 1} of ${found.length} cannot be read: ${why}`,
      ),
    ),
  );
}

/**
 * The certificates of all files in the folders. A file that holds none is skipped, as OpenSSL does.
 */
function readFolders({ name, value }: Bundle): string[] {
  const found = value.split(path.delimiter).flatMap((folder) =>
    listFiles(folder, (why) => refuseBundle(name, folder, why)).flatMap((file) => {
      try {
        return readBundle({ name, value: file, isFolder: false });
      } catch {
        return [];
      }
    }),
  );
  if (found.length === 0)
    throw refuseBundle(name, value, 'no file there holds a certificate in PEM');
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

/** Brings a certificate to one spelling, so that the same one from two files counts once. */
function normalise(pem: string, refuse: (why: string) => Error): string {
  try {
    return new X509Certificate(pem).toString();
  } catch (error) {
    throw refuse(describeError(error));
  }
}

function refuseBundle(name: string, value: string, why: string): ConfigError {
  return new ConfigError(
    'TRUST_FILE',
    `${name} names "${value}", whose certificate authorities can't be taken: ${why}; ${
      name === TRUST_FLAG ? 'name a PEM bundle' : 'name a PEM bundle, or unset the variable'
    }`,
  );
}

/** A text that changes when a file, or the list of files in a folder, changes. */
function stampBundles(bundles: readonly Bundle[]): string {
  const files = bundles.flatMap(({ value, isFolder }) =>
    isFolder ? value.split(path.delimiter).flatMap((folder) => listFilesOrNone(folder)) : [value],
  );
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? file : `${file} ${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    })
    .join('\n');
}

function listFilesOrNone(folder: string): string[] {
  try {
    return listFiles(folder, (why) => new Error(why));
  } catch {
    return [];
  }
}
