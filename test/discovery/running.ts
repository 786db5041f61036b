/** A discovery of ECS under way against the emulator, on a clock that a test moves. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as realSleep } from 'node:timers/promises';
import { CallLimits } from '../../src/discovery/call-limits.ts';
import { prometheusEcsMechanism } from '../../src/discovery/ecs/prometheus-mechanism.ts';
import type { DiscoveryWorld, Explained } from '../../src/discovery/mechanism.ts';
import { VirtualClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { answering } from '../contracts/mechanism-fixtures.ts';

export interface RunningDiscovery {
  /** Labels of all targets of the last list, the address among them. */
  readonly targets: () => readonly Readonly<Record<string, string>>[];
  readonly addresses: () => string[];
  readonly explained: () => readonly Explained[];
  /** Readings that failed. */
  readonly failures: () => number;
  until(isSo: () => boolean): Promise<void>;
}

/** `ecs_sd_configs` with this configuration, until the test ends. */
export function startRole(
  context: TestContext,
  config: Readonly<Record<string, unknown>>,
  baseDirectory = '/',
): RunningDiscovery {
  const clock = new VirtualClock();
  const metrics = new Registry();
  const abort = new AbortController();
  let targets: readonly Readonly<Record<string, string>>[] = [];
  let explained: readonly Explained[] = [];
  const world: DiscoveryWorld = {
    clock,
    metrics,
    log: silentLogger,
    http: answering(() => ({ status: 500, body: '' })),
    mechanism: 'ecs',
    signal: abort.signal,
    baseDirectory,
    callLimits: new CallLimits(clock, metrics),
    onExplained: (list) => void (explained = list),
  };
  const parsed = prometheusEcsMechanism.schema.parse({ region: 'us-east-1', ...config });
  const ended = (async () => {
    for await (const groups of prometheusEcsMechanism.discover(parsed, world))
      targets = groups.flatMap((group) =>
        group.targets.map((target) => ({ ...group.labels, ...target })),
      );
  })();
  context.after(async () => {
    abort.abort();
    await ended;
  });
  return {
    targets: () => targets,
    addresses: () => targets.map((one) => one['__address__'] ?? ''),
    explained: () => explained,
    failures: () => Number(/refresh_failures_total\{.*\} (\d+)/.exec(metrics.expose())?.[1] ?? '0'),
    async until(isSo) {
      const endMs = performance.now() + 10_000;
      while (!isSo() && performance.now() < endMs) {
        await clock.advance(1_000);
        await realSleep(5);
      }
      assert.ok(isSo(), 'it did not happen within ten seconds');
    },
  };
}
