/**
 * The life-cycle contract of kernel/component.ts as a suite. Call `componentContract` from a
 * component's test with a function that makes a fresh component.
 */
import { test } from 'node:test';
import type { Component } from '../../src/kernel/component.ts';

const DEADLINE_MS = 2_000;

export function componentContract(what: string, make: () => Promise<Component> | Component): void {
  test(`${what}: stopping what was never started does nothing`, async () => {
    const component = await make();
    await component.stop(DEADLINE_MS);
  });

  test(`${what}: starts, stops, and stops again`, async () => {
    const component = await make();
    await component.start();
    await component.stop(DEADLINE_MS);
    await component.stop(DEADLINE_MS);
  });

  test(`${what}: two concurrent stops both end`, async () => {
    const component = await make();
    await component.start();
    await Promise.all([component.stop(DEADLINE_MS), component.stop(DEADLINE_MS)]);
  });

  test(`${what}: stopping without any time left still ends`, async () => {
    const component = await make();
    await component.start();
    await component.stop(0);
  });
}
