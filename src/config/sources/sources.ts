/**
 * A configuration from one or several sources, merged in order. The last good texts are kept on
 * disk, so that a start during an outage of S3 or SSM has the configuration of the run before.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { stringify } from 'yaml';
import * as z from 'zod';
import { createCredentialSource } from '../../aws/credentials.ts';
import type { CredentialSource } from '../../aws/credential-source.ts';
import { identifyPath } from '../../kernel/file-identity.ts';
import { makeFolders } from '../../kernel/folders.ts';
import { Outage } from '../../kernel/outage.ts';
import { writePrivately } from '../../kernel/atomic-file.ts';
import { sealText, unsealText } from '../../kernel/checked-text.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import { parseForeignYaml } from '../../kernel/foreign-yaml.ts';
import { readPrivately } from '../../kernel/private-files.ts';
import type { World } from '../../kernel/world.ts';
import { type ReadEdges, readSource, type SourceText } from './readers.ts';
import { parseSourceUri, publicName, type SourceUri } from './uri.ts';

/** Of a text that is kept for a later start. */
const KEPT_MAX_BYTES = 64 * 1024 * 1024;

export interface ConfigText {
  readonly text: string;
  /** Names the text in findings; relative paths start at its folder. */
  readonly file: string;
  /** A digest of all texts. */
  readonly version: string;
}

export interface ConfigSourcesOptions {
  readonly uris: readonly string[];
  readonly world: World;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the last good texts; without one they are not kept. */
  readonly cacheDirectory?: string | undefined;
}

interface Source {
  readonly uri: SourceUri;
  readonly name: string;
  readonly outage: Outage;
  held: SourceText | undefined;
  /** What its file has, by `identifyPath`, of what this process has written. */
  kept?: { readonly text: SourceText; readonly identity: string };
  /** Why it is not kept; said once. */
  unkeptFor?: string | undefined;
  /** By elapsed time; undefined before the first reading of this process. */
  readAtMs: number | undefined;
}

/** Another version may have sealed another form. */
const keptSchema = z.object({ text: z.string(), version: z.string() });

const START_TRIES = 3;
const START_WAIT_MS = 2_000;

export class ConfigSources {
  readonly #options: ConfigSourcesOptions;
  readonly #sources: Source[];
  readonly #edges: ReadEdges;
  readonly #credentials: CredentialSource;
  readonly #closing = new AbortController();

  /** @throws ConfigError for a URI that is not valid */
  constructor(options: ConfigSourcesOptions) {
    this.#options = options;
    const { http, metrics, clock } = options.world;
    const credentials = createCredentialSource({}, options.world);
    const { signal } = this.#closing;
    this.#credentials = credentials;
    this.#edges = { http, clock, metrics, credentials, env: options.env, signal };
    this.#sources = options.uris.map((text) => {
      const uri = parseSourceUri(text);
      const outage = new Outage(() => clock.elapsedMs());
      return { uri, name: publicName(uri, text), outage, held: undefined, readAtMs: undefined };
    });
    this.#tell();
  }

  /** The names of the sources, for logs. */
  get names(): string {
    return this.#sources.map(({ name }) => name).join(', ');
  }

  /** Whether all sources are files, which cost little to read often. */
  get areFiles(): boolean {
    return this.#sources.every(({ uri }) => uri.kind === 'file');
  }

  /** Ends a reading that is under way. Nothing is read afterwards. */
  close(): void {
    this.#closing.abort(new Error('the configuration is not read any more: it is stopping'));
    this.#credentials.close();
  }

  /**
   * Reads what may have changed. Rejects when a source can't be read; the next call tries again.
   */
  async read(): Promise<ConfigText> {
    for (const source of this.#sources) await this.#readOne(source);
    return this.#merged();
  }

  /**
   * The same as `read` for the first time. Where a source can't be read, its last good text from
   * disk serves; without one it is tried three times.
   */
  async readAtStart(): Promise<ConfigText> {
    const { world } = this.#options;
    for (const source of this.#sources)
      for (let attempt = 1; source.held === undefined; attempt++) {
        try {
          await this.#readOne(source);
        } catch (error) {
          if (source.uri.kind === 'file') throw unreadable(source.name, error);
          const kept = await this.#readKept(source);
          if (kept !== undefined) {
            world.log.warn('a configuration could not be read; its last good text serves', {
              source: source.name,
              error,
            });
            source.held = kept;
          } else if (attempt >= START_TRIES || error instanceof ConfigError)
            throw new ConfigError(
              'CONFIG_UNREADABLE',
              `the configuration ${source.name} can't be read: ${describeError(error)}`,
              { cause: error },
            );
          else await world.clock.sleep(START_WAIT_MS);
        }
      }
    return this.#merged();
  }

  /**
   * The text of an object that a configuration refers to, `s3:uri`; it is read anew at each call.
   *
   * @throws ConfigError for a URI that is not valid, other errors for what can't be read
   */
  async readReferred(uri: string): Promise<string> {
    const read = await readSource(parseSourceUri(uri), undefined, this.#edges);
    if (read === 'unchanged') throw new Error('BUG: unchanged, though no version was known');
    return read.text;
  }

  /** The configuration that was read last. */
  get current(): ConfigText {
    return this.#merged();
  }

  /** Keeps the present texts, which are checked and in use, for a later start during an outage. */
  async keep(): Promise<void> {
    const { cacheDirectory } = this.#options;
    if (cacheDirectory === undefined) return;
    for (const source of this.#sources)
      if (source.uri.kind !== 'file') await this.#keepOne(source, cacheDirectory);
  }

  /** Writes a text that is not in its file, which somebody may have deleted. */
  async #keepOne(source: Source, folder: string): Promise<void> {
    const { held, kept } = source;
    const file = this.#fileOf(source);
    if (held === undefined || (kept?.text === held && identifyPath(file) === kept.identity)) return;
    try {
      makeFolders(folder, 0o700);
      await writePrivately(file, sealText([JSON.stringify(held)]));
      source.kept = { text: held, identity: identifyPath(file) };
      source.unkeptFor = undefined;
    } catch (error) {
      const words = describeError(error);
      if (source.unkeptFor !== words)
        this.#options.world.log.warn('a configuration could not be kept for a later start', {
          source: source.name,
          error,
        });
      source.unkeptFor = words;
    }
  }

  async #readOne(source: Source): Promise<void> {
    const { world } = this.#options;
    try {
      const answer = await readSource(source.uri, source.held?.version, this.#edges);
      source.readAtMs = world.clock.elapsedMs();
      if (answer !== 'unchanged') source.held = answer;
    } catch (error) {
      // The caller reports a file that is absent for a moment, and what only the user can mend.
      const isOutside = source.uri.kind !== 'file' && !(error instanceof ConfigError);
      if (isOutside && !this.#closing.signal.aborted) this.#tellFailure(source, error);
      throw error;
    }
    const sum = source.outage.worked();
    if (sum !== undefined)
      world.log.info('the configuration can be read again', {
        source: source.name,
        failures: sum.failures,
        for_ms: sum.lastedMs,
      });
  }

  /** Counts and logs a failure; the caller logs whether it retries and what serves meanwhile. */
  #tellFailure({ name, outage }: Source, error: unknown): void {
    const { log, metrics } = this.#options.world;
    metrics
      .counters('amperage_config_source_failures_total', 'Readings of a source that failed.')
      .with({ source: name })
      .inc();
    const sum = outage.failed();
    if (sum === undefined) return;
    log.warn('a source of the configuration could not be read', {
      source: name,
      error,
      failures: sum.failures,
      for_ms: sum.lastedMs,
    });
  }

  async #readKept(source: Source): Promise<SourceText | undefined> {
    if (this.#options.cacheDirectory === undefined) return undefined;
    try {
      const text = unsealText(await readPrivately(this.#fileOf(source), KEPT_MAX_BYTES));
      if (text === undefined) throw new Error('its checksum is missing or wrong');
      return keptSchema.parse(JSON.parse(text));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#options.world.log.warn('the last good text of a configuration cannot be used', {
          source: source.name,
          file: this.#fileOf(source),
          error,
        });
      return undefined;
    }
  }

  #fileOf({ name }: Source): string {
    const stem = createHash('sha256').update(name).digest('hex').slice(0, 24);
    return path.join(this.#options.cacheDirectory ?? '', `${stem}.json`);
  }

  #merged(): ConfigText {
    const texts = this.#sources.map(({ held }) => held?.text ?? '');
    const [only] = this.#sources;
    const version = createHash('sha256').update(texts.join('\0')).digest('hex');
    const file = only?.uri.kind === 'file' ? only.uri.path : (only?.name ?? 'configuration');
    if (this.#sources.length === 1) return { text: texts[0] ?? '', file, version };
    return {
      text: mergeYaml(
        texts,
        this.#sources.map(({ name }) => name),
      ),
      file: this.names,
      version,
    };
  }

  #tell(): void {
    const { metrics, clock } = this.#options.world;
    const info = metrics.gauges(
      'amperage_config_source_info',
      'Version and digest of each source of the configuration; always 1.',
    );
    const ages = metrics.gauges(
      'amperage_config_source_age_seconds',
      'Since a source of the configuration was last read.',
    );
    const told = new Map<string, Record<string, string>>();
    metrics.onCollect(() => {
      for (const { name, held, readAtMs } of this.#sources) {
        const before = told.get(name);
        if (held !== undefined && before?.['version'] !== held.version) {
          if (before !== undefined) info.remove(before);
          const labels = { source: name, version: held.version, hash: digest(held.text) };
          info.with(labels).set(1);
          told.set(name, labels);
        }
        if (readAtMs !== undefined)
          ages.with({ source: name }).set((clock.elapsedMs() - readAtMs) / 1_000);
      }
    });
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function unreadable(file: string, error: unknown): ConfigError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const words = isMissing
    ? 'the file does not exist; check the path'
    : `the file can't be read: ${describeError(error)}`;
  return new ConfigError('CONFIG_FILE', `${file}: ${words}`, { cause: error });
}

/**
 * Merges as the OpenTelemetry Collector does: mappings are joined, later values and lists win.
 * @throws ConfigError
 */
function mergeYaml(texts: readonly string[], names: readonly string[]): string {
  let merged: unknown = {};
  texts.forEach((text, index) => {
    const name = names[index] ?? '';
    let value;
    try {
      value = parseForeignYaml(text) ?? {};
    } catch (error) {
      throw new ConfigError('CONFIG_YAML', `${name}: ${describeError(error)}`);
    }
    if (!isPlain(value)) throw new ConfigError('CONFIG_TYPE', `${name} is not a mapping`);
    merged = merge(merged, value);
  });
  return stringify(merged);
}

function merge(below: unknown, above: unknown): unknown {
  if (!isPlain(below) || !isPlain(above)) return above;
  const all = { ...below };
  for (const [key, value] of Object.entries(above))
    Object.defineProperty(all, key, {
      value: Object.hasOwn(below, key) ? merge(below[key], value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return all;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The sources that flags and environment name. AOT_CONFIG_CONTENT goes before all others, as in
 * ADOT; then flags that were given; then the variables of other images; then the default.
 */
export function sourcesFrom(
  given: readonly string[],
  fallback: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  if (isSet('AOT_CONFIG_CONTENT')) return ['env:AOT_CONFIG_CONTENT'];
  if (given.length > 0) return given;
  if (isSet('S3_CONFIG_LOCATION')) return [env['S3_CONFIG_LOCATION'] ?? ''];
  if (isSet('CONFIG_LOCATION')) return [env['CONFIG_LOCATION'] ?? ''];
  if (isSet('PROMETHEUS_CONFIG_CONTENT')) return ['env:PROMETHEUS_CONFIG_CONTENT'];
  if (isSet('PROMETHEUS_CONFIG_PARAMETER_NAME'))
    return [`ssm:${env['PROMETHEUS_CONFIG_PARAMETER_NAME'] ?? ''}`];
  return [fallback];
}
