import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../../test/kit/world.ts';
import { readSources } from './sources.ts';

for (const [given, expected] of [
  [true, true],
  ['1', true],
  ['T', true],
  ['false', false],
  [undefined, false],
] as const)
  test(`-config.dynamic-port-detection as ${String(given)} is ${String(expected)}`, async () => {
    const flags = { 'config.cluster': 'c', 'config.dynamicPortDetection': given };
    const { jobs } = await readSources(flags as never, {}, createWorld());
    const config = jobs[0]?.entries[0]?.config as { dynamic_port_detection?: boolean };
    assert.equal(config.dynamic_port_detection, expected);
  });
