/**
 * Runs a discovery mechanism on virtual time until its test ends, and keeps the lists that it
 * yields and the lines that it logs.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallLimits } from '../../src/discovery/call-limits.ts';
import type { DiscoveryWorld, Explained } from '../../src/discovery/mechanism.ts';
import type { TargetGroup } from '../../src/model/target.ts';
import { type Ending, onEnd } from './ending.ts';
import { createWorld, type TestWorld } from './world.ts';

export interface TestDiscoveryWorld extends DiscoveryWorld, TestWorld {
  readonly clock: TestWorld['clock'];
}

/** Makes the world of a mechanism. Its AWS calls are limited by the clock of that world. */
export function createDiscoveryWorld(
  mechanism: string,
  set: Partial<DiscoveryWorld> = {},
): TestDiscoveryWorld {
  const { metrics } = set;
  const world = createWorld(metrics === undefined ? {} : { metrics });
  return {
    ...world,
    mechanism,
    signal: new AbortController().signal,
    baseDirectory: '/',
    callLimits: new CallLimits(world.clock, world.metrics),
    ...set,
    clock: world.clock,
  };
}

interface Mechanism<Config> {
  readonly schema: { parse(input: unknown): Config };
  discover(config: Config, world: DiscoveryWorld): AsyncIterable<readonly TargetGroup[]>;
}

export interface RunningDiscovery extends Pick<TestWorld, 'clock' | 'metrics' | 'lines'> {
  readonly lists: readonly (readonly TargetGroup[])[];
  /** Labels of all targets of the last list, including `__address__`. */
  readonly targets: () => readonly Readonly<Record<string, string>>[];
  readonly addresses: () => string[];
  readonly explained: () => readonly Explained[];
  /** How many readings have failed. */
  readonly failures: () => number;
  /** Resolves when the mechanism has ended, after `stop`. */
  readonly ended: Promise<void>;
  /**
   * Moves the clock on in steps until the condition holds, and lets real sockets and files proceed
   * between steps.
   */
  readonly until: (isSo: () => boolean, stepMs?: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const PATIENCE_MS = 20_000;

export function startDiscovery<Config>(
  ending: Ending,
  mechanism: Mechanism<Config>,
  config: unknown,
  world: { readonly mechanism: string } & Partial<DiscoveryWorld>,
): RunningDiscovery {
  const abort = new AbortController();
  const lists: (readonly TargetGroup[])[] = [];
  let explained: readonly Explained[] = [];
  const { mechanism: name, ...set } = world;
  const own = createDiscoveryWorld(name, {
    onExplained: (list) => void (explained = list),
    ...set,
    signal: abort.signal,
  });
  const parsed = mechanism.schema.parse(config);
  const ended = (async () => {
    for await (const list of mechanism.discover(parsed, own)) lists.push(list);
  })();
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  onEnd(ending, stop);
  const { clock, metrics, lines } = own;
  const targets = (): Readonly<Record<string, string>>[] =>
    (lists.at(-1) ?? []).flatMap((group) =>
      group.targets.map((target) => ({ ...group.labels, ...target })),
    );
  return {
    clock,
    metrics,
    lines,
    lists,
    targets,
    addresses: () => targets().map((one) => one['__address__'] ?? ''),
    explained: () => explained,
    failures: () => Number(/refresh_failures_total\{.*\} (\d+)/.exec(metrics.expose())?.[1] ?? '0'),
    ended,
    stop,
    async until(isSo, stepMs = 1_000) {
      const endMs = performance.now() + PATIENCE_MS;
      while (!isSo() && performance.now() < endMs) {
        await clock.advance(stepMs);
        await sleep(2);
      }
      assert.ok(isSo(), `it did not happen within ${PATIENCE_MS} ms`);
    },
  };
}
