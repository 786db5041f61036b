/**
 * Reloads the configuration: on SIGHUP, on request, and by itself when its text has changed. A
 * configuration that is not valid is reported and changes nothing; the one before runs on.
 */
import type { Component } from '../../kernel/component.ts';
import { describeError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import {
  checkConfigText,
  type ConfigLoadOptions,
  loadConfigText,
  type LoadedConfig,
} from '../../config/load.ts';
import { describeConfig } from './described-config.ts';
import type { ConfigSources } from '../../config/sources/sources.ts';
import { formatFinding } from '../../settings/finding.ts';

export interface ReloaderOptions {
  readonly world: World;
  readonly sources: ConfigSources;
  readonly first: LoadedConfig;
  /** The version of the texts that `first` was made from. */
  readonly firstVersion: string;
  readonly apply: (loaded: LoadedConfig) => Promise<void>;
  /** How often the texts are read to see whether they have changed; 0: never. */
  readonly everyMs: number;
  /** How a text becomes a plan. */
  readonly loading: ConfigLoadOptions;
}

/**
 * Reloads begin so far apart: each is work for all jobs, and who writes or signals often wants only
 * the last one. Each that had to wait doubles it, since a reload gives up the scrapes under way of
 * the jobs that it changes: between two there is time for slow targets too.
 */
const APART_MS = 1_000;
const APART_MAX_MS = 30_000;

/** What a text has that includes others. */
const INCLUDES = /scrape_config_files|\$\{(?:file|s3):/;

export class Reloader implements Component {
  readonly name = 'configuration reload';
  readonly #options: ReloaderOptions;
  readonly #stopping = new AbortController();
  #current: LoadedConfig;
  #isGood = true;
  #reloadedAtMs = 0;
  /** The version of the texts that were tried last; they are not tried again until they change. */
  #tried: string;
  #triedIncludes = '';
  /** The reload that is under way. */
  #running: Promise<unknown> = Promise.resolve();
  /** The reload that begins after it, for all who ask meanwhile. */
  #waiting: Promise<void> | undefined;
  #begunAtMs = -Infinity;
  #apartMs = APART_MS;
  #watching: Promise<void> = Promise.resolve();
  readonly #onHangUp = (): void => void this.reload('SIGHUP').catch(() => undefined);

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#current = options.first;
    this.#tried = options.firstVersion;
    this.#report(true);
  }

  get current(): LoadedConfig {
    return this.#current;
  }

  /** Whether the last try worked. */
  get isGood(): boolean {
    return this.#isGood;
  }

  get reloadedAtMs(): number {
    return this.#reloadedAtMs;
  }

  start(): Promise<void> {
    process.on('SIGHUP', this.#onHangUp);
    if (this.#options.everyMs > 0) this.#watching = this.#watch();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    process.off('SIGHUP', this.#onHangUp);
    this.#stopping.abort();
    this.#options.sources.close();
    await this.#watching;
    await this.#waiting?.catch(() => undefined);
    await this.#running;
  }

  /**
   * Reads the configuration and switches to it. Reloads run one after the other; who asks while one
   * waits for its turn shares it. Rejects for a bad configuration; everything then runs on as
   * before.
   */
  reload(reason: string): Promise<void> {
    this.#waiting ??= this.#reloadInTurn(reason);
    return this.#waiting;
  }

  async #reloadInTurn(reason: string): Promise<void> {
    const { clock } = this.#options.world;
    await this.#running;
    const waitMs = this.#begunAtMs + this.#apartMs - clock.elapsedMs();
    this.#apartMs = waitMs > 0 ? Math.min(2 * this.#apartMs, APART_MAX_MS) : APART_MS;
    if (waitMs > 0) await clock.sleep(waitMs, this.#stopping.signal);
    this.#begunAtMs = clock.elapsedMs();
    this.#waiting = undefined;
    const run = this.#reloadNow(reason);
    this.#running = run.catch(() => undefined);
    await run;
  }

  async #reloadNow(reason: string): Promise<void> {
    const { world, sources, apply } = this.#options;
    try {
      const { text, file, version } = await sources.read();
      this.#tried = version;
      const loaded = await loadConfigText(text, file, this.#options.loading);
      for (const warning of loaded.warnings) world.log.warn(formatFinding(warning));
      await apply(loaded);
      this.#current = loaded;
      this.#report(true);
      await sources.keep();
      const fields = { source: sources.names, reason, ...describeConfig(loaded) };
      world.log.info('configuration reloaded', fields);
    } catch (error) {
      this.#report(false);
      world.log.error('the configuration was not reloaded; the one before runs on', {
        source: sources.names,
        reason,
        error: describeError(error),
      });
      throw error;
    }
  }

  async #watch(): Promise<void> {
    const { world, sources, everyMs } = this.#options;
    for (;;) {
      try {
        await world.clock.sleep(everyMs, this.#stopping.signal);
      } catch {
        return;
      }
      try {
        const { version } = await sources.read();
        if (version !== this.#tried || (await this.#hasOtherIncludes()))
          await this.reload('the text has changed');
        // Somebody may have deleted the file that a start during an outage needs.
        else if (this.#isGood) await sources.keep();
      } catch (error) {
        // A file may be absent for a moment while it is replaced; the next look finds it.
        world.log.debug('the configuration could not be read to look for changes', { error });
      }
    }
  }

  /** Whether a file that the configuration includes has changed; its own text has not. */
  async #hasOtherIncludes(): Promise<boolean> {
    const { text, file } = this.#options.sources.current;
    // Checking a large configuration is too much work for each look, so it is done only where
    // there are includes.
    if (!INCLUDES.test(text)) return false;
    const { version } = await checkConfigText(text, file, this.#options.loading);
    if (version === this.#current.version || version === this.#triedIncludes) return false;
    this.#triedIncludes = version;
    return true;
  }

  #report(isGood: boolean): void {
    const { world } = this.#options;
    const { metrics } = world;
    this.#isGood = isGood;
    metrics
      .gauge(
        'prometheus_config_last_reload_successful',
        'Whether the last load of the configuration worked.',
      )
      .set(isGood ? 1 : 0);
    if (!isGood) return;
    this.#reloadedAtMs = world.clock.nowMs();
    metrics
      .gauge(
        'prometheus_config_last_reload_success_timestamp_seconds',
        'When a configuration was last loaded, in seconds since the epoch.',
      )
      .set(this.#reloadedAtMs / 1_000);
  }
}
