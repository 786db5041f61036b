/**
 * Reloads the configuration: on SIGHUP, on request, and by itself when its text has changed. One that is not valid
 * changes nothing and is reported; the one before runs on.
 */
import type { Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import { checkConfigFile, loadConfig, type LoadedConfig } from '../../config/load.ts';
import { formatFinding } from '../../config/finding.ts';

export interface ReloaderOptions {
  readonly world: World;
  readonly file: string;
  readonly first: LoadedConfig;
  readonly apply: (loaded: LoadedConfig) => Promise<void>;
  /** How often the text is looked at; 0 never. */
  readonly everyMs: number;
}

export class Reloader implements Component {
  readonly name = 'configuration reload';
  readonly #options: ReloaderOptions;
  readonly #stopping = new AbortController();
  #current: LoadedConfig;
  #isGood = true;
  #reloadedAtMs = 0;
  /** Text that was refused: it is not tried again until it changes. */
  #refused: string | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();
  readonly #onHangUp = (): void => void this.reload('SIGHUP').catch(() => undefined);

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#current = options.first;
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
    await this.#watching;
    await this.#queue;
  }

  /** Reads the file and goes over to it; one after the other. Rejects, with everything as it was, for a bad one. */
  reload(reason: string): Promise<void> {
    const run = this.#queue.then(() => this.#reloadNow(reason));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #reloadNow(reason: string): Promise<void> {
    const { world, file, apply } = this.#options;
    try {
      const loaded = await loadConfig(file);
      for (const warning of loaded.warnings) world.log.warn(formatFinding(warning));
      await apply(loaded);
      this.#current = loaded;
      this.#refused = undefined;
      this.#report(true);
      world.log.info('configuration reloaded', { file, reason });
    } catch (error) {
      this.#report(false);
      world.log.error('the configuration was not reloaded; the one before runs on', {
        file,
        reason,
        error: messageOf(error),
      });
      throw error;
    }
  }

  async #watch(): Promise<void> {
    const { world, file, everyMs } = this.#options;
    for (;;) {
      try {
        await world.clock.sleep(everyMs, this.#stopping.signal);
      } catch {
        return;
      }
      try {
        const version = await versionOf(file);
        if (version === this.#current.version || version === this.#refused) continue;
        this.#refused = version;
        await this.reload('the text has changed');
      } catch {
        // Said where it happened; a file that is away for a moment is no reason for anything.
      }
    }
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

/** Of the text that there is now, valid or not. */
async function versionOf(file: string): Promise<string> {
  return (await checkConfigFile(file)).version;
}
