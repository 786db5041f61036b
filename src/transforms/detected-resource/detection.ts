/**
 * A detection under way. A detector that fails is asked again in the background, and what it knows
 * counts when it is whole, so that a resource never has half of what one detector knows.
 */
import { describeError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import type { SeriesTransform } from '../../model/transform.ts';
import { detectEc2 } from './ec2.ts';
import { detectEcs } from './ecs.ts';
import { detectEnv } from './env.ts';
import type { DetectionSettings, DetectorSettings } from './settings.ts';
import { detectSystem } from './system.ts';
import { type DetectedAttributes, detectedResource, mergeDetected } from './transform.ts';

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 60_000;
const STOP_MAX_MS = 500;

export interface DetectionOptions {
  /** Of the processor, for the log. */
  readonly name: string;
  readonly settings: DetectionSettings;
  readonly world: World;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A detector has succeeded that failed, or was late, before. */
  readonly onLate: () => void;
}

export class Detection {
  readonly #options: DetectionOptions;
  readonly #stopping = new AbortController();
  /** By detector, in their order; undefined while it is not known. */
  readonly #found: (DetectedAttributes | undefined)[];
  #isWaiting = true;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: DetectionOptions) {
    this.#options = options;
    this.#found = options.settings.detectors.map(() => undefined);
  }

  /** Begins, and waits until everything is known, at most for the timeout. */
  async start(): Promise<void> {
    const { settings, world, name } = this.#options;
    const enough = new AbortController();
    this.#running = Promise.all(settings.detectors.map((one, index) => this.#detect(one, index)));
    const late = world.clock.sleep(settings.timeoutMs, enough.signal).catch(() => undefined);
    await Promise.race([this.#running, late]);
    enough.abort();
    this.#isWaiting = false;
    const lacking = settings.detectors.filter((_, index) => this.#found[index] === undefined);
    if (lacking.length > 0)
      world.log.warn('the resource is not known whole; series go on without the rest for now', {
        processor: name,
        lacking: lacking.map(({ kind }) => kind).join(),
      });
  }

  /** The transform by what is known at present. */
  get transform(): SeriesTransform {
    return detectedResource(this.known, this.override);
  }

  /** What is known at present. */
  get known(): DetectedAttributes {
    return mergeDetected(this.#found.flatMap((one) => one ?? []));
  }

  /** Whether it replaces what a resource has already. */
  get override(): boolean {
    return this.#options.settings.override;
  }

  /** Gives up what is under way; a question to DNS cannot be aborted and is not waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const late = this.#options.world.clock.sleep(STOP_MAX_MS).catch(() => undefined);
    await Promise.race([this.#running, late]);
  }

  async #detect(settings: DetectorSettings, index: number): Promise<void> {
    const { world, name, onLate } = this.#options;
    const { signal } = this.#stopping;
    for (
      let waitMs = RETRY_FIRST_MS;
      !signal.aborted;
      waitMs = Math.min(2 * waitMs, RETRY_MAX_MS)
    ) {
      try {
        const found = await this.#ask(settings);
        if (signal.aborted) return;
        this.#found[index] = found;
        // Without attributes, the routes stay as they are.
        if (this.#isWaiting || found.size === 0) return;
        world.log.info('a resource that was lacking is known; series get its attributes', {
          processor: name,
          detector: settings.kind,
        });
        onLate();
        return;
      } catch (error) {
        // Said once: it may fail for hours.
        if (waitMs === RETRY_FIRST_MS && !signal.aborted)
          world.log.warn('a detector failed and is asked again', {
            processor: name,
            detector: settings.kind,
            error: describeError(error),
          });
        await world.clock.sleep(waitMs, signal).catch(() => undefined);
      }
    }
  }

  async #ask(settings: DetectorSettings): Promise<DetectedAttributes> {
    const { world, env } = this.#options;
    const found = await ask(settings, world, env, this.#stopping.signal);
    if (settings.kind === 'env') return found;
    const { without } = settings;
    return new Map([...found].filter(([key, value]) => value !== '' && !without.includes(key)));
  }
}

async function ask(
  settings: DetectorSettings,
  world: World,
  env: DetectionOptions['env'],
  signal: AbortSignal,
): Promise<DetectedAttributes> {
  switch (settings.kind) {
    case 'env':
      return detectEnv(env);
    case 'system':
      return detectSystem(settings.hostNameSources);
    case 'ecs':
      return detectEcs(world.http, env, signal);
    case 'ec2':
      return detectEc2(settings, world, env, signal);
  }
}
