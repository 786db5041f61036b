/** Runs a discovery by `ecs_sd_configs` against the emulator, on a clock that a test advances. */
import type { TestContext } from 'node:test';
import { prometheusEcsMechanism } from '../../src/discovery/ecs/prometheus-mechanism.ts';
import { type RunningDiscovery, startDiscovery } from '../kit/discovery.ts';

/** Runs `ecs_sd_configs` with this configuration until the test ends. */
export function startRole(
  context: TestContext,
  config: Readonly<Record<string, unknown>>,
  baseDirectory = '/',
): RunningDiscovery {
  const given = { region: 'us-east-1', ...config };
  const world = { mechanism: 'ecs', baseDirectory };
  return startDiscovery(context, prometheusEcsMechanism, given, world);
}
