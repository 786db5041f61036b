/** Runs a command that acts on a deployment in this process, with a clock that does not wait. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { RunEdges } from '../../src/commands/deployment/target.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { describeError } from '../../src/kernel/errors.ts';
import { type Clock, systemClock } from '../../src/kernel/clock.ts';
import { createWorld } from '../kit/world.ts';
import { setEnvironment } from '../kit/environment.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS } from '../kit/processes.ts';
import { type FakeStack, startFakeStack } from './fake-stack.ts';
import { SMALLEST } from './models.ts';

/** Sleeps end at once, and time has passed by them. */
function createHastyClock(): Clock {
  let elapsedMs = 0;
  return {
    nowMs: () => 1_700_000_000_000 + elapsedMs,
    elapsedMs: () => elapsedMs,
    sleep: async (ms, signal) => {
      elapsedMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
    alarm: (ring) => systemClock.alarm(ring),
  };
}

export interface Acted {
  readonly out: string;
  readonly told: string;
  /** With its code; undefined where it ended well. */
  readonly error: string | undefined;
}

export interface ActOptions {
  readonly signal?: AbortSignal;
  /** What the person at the terminal answers; nobody is there when absent. */
  readonly answer?: string;
  readonly onTell?: (line: string) => void;
  /** One whose sleeps end at once by default. */
  readonly clock?: Clock;
}

export async function act(
  create: (openEdges: () => RunEdges) => Command,
  given: readonly string[],
  {
    signal = new AbortController().signal,
    answer,
    onTell,
    clock = createHastyClock(),
  }: ActOptions = {},
): Promise<Acted> {
  let out = '';
  let told = '';
  const world = createWorld({ clock, http: createHttpClient() });
  const edges: RunEdges = {
    signal,
    openWorld: () => world,
    terminal: {
      write: (text) => void (out += text),
      tell: (line) => {
        told += `${line}\n`;
        onTell?.(line);
      },
      ask: answer === undefined ? undefined : async (question) => ((told += question), answer),
    },
  };
  const command = create(() => edges).exitOverride();
  try {
    await command.parseAsync(given, { from: 'user' });
    return { out, told, error: undefined };
  } catch (error) {
    return { out, told, error: describeError(error) };
  }
}

/** @returns the path of the smallest model with these keys more */
export function writeModel(context: TestContext, more: object = {}): string {
  const file = path.join(temporaryFolder(context), 'deployment.yml');
  writeFileSync(file, stringify({ ...SMALLEST, ...more }));
  return file;
}

function useEndpoint(context: TestContext, url: string): void {
  setEnvironment(context, {
    ...BARE_AWS,
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
}

/** A fake that commands of this process call. */
export async function begin(context: TestContext): Promise<FakeStack> {
  const fake = await startFakeStack(context);
  useEndpoint(context, fake.url);
  return fake;
}

export const done = (id: string) => ({ id, type: 'AWS::ECS::Cluster', status: 'CREATE_COMPLETE' });
