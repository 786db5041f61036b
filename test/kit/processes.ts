/**
 * Runs real `amperage` commands and peers as child processes of a test. They are started on free
 * ports, waited for, and ended by their process id when the test ends, whatever its outcome.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './waiting.ts';
import { onEnd } from './ending.ts';

export const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');

/** Starting takes seconds where other work has the machine. */
const READY_MAX_MS = 60_000;

/**
 * Environment for a command that must find no credentials and no region other than those it is
 * given.
 */
export const BARE_AWS: Readonly<Record<string, string>> = {
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
};

export interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  /** All that the process has printed. */
  output(): string;
}

export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if (givenPorts.has(port) || !(await isFree(port))) continue;
    givenPorts.add(port);
    return port;
  }
}

/**
 * Below the ports that the kernel gives to connections and to those who name none: one of these
 * would be taken again before its user listens at it.
 */
const PORTS = { first: 16_384, count: 16_000 };

/** Of this process, those that are given and not listened at yet. */
const givenPorts = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Starts a program, waits until `readyPath` on its port answers 200, and ends it with the test. */
export async function startProgram(
  context: TestContext,
  file: string,
  given: readonly string[],
  port: number,
  readyPath: string,
  env: Record<string, string> = {},
): Promise<Running> {
  const child = spawn(file, given, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  let hasExited = false;
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => ((hasExited = true), resolve())),
  );
  onEnd(context, async () => {
    if (!hasExited) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  });
  const url = `http://127.0.0.1:${port}`;
  await until(`${path.basename(file)} ${given[0] ?? ''} is ready`, READY_MAX_MS, async () => {
    if (hasExited) throw new Error(`it ended at once:\n${output}`);
    return (await fetch(`${url}${readyPath}`).catch(() => undefined))?.status === 200;
  });
  return { url, child, exited, output: () => output };
}

/** Starts `amperage <command>` at a port of its own. */
export async function startAmperage(
  context: TestContext,
  command: string,
  given: readonly string[],
  env: Record<string, string> = {},
  port?: number,
): Promise<Running> {
  const own = port ?? (await freePort());
  return startProgram(
    context,
    process.execPath,
    [MAIN, command, '--web.listen-address', `127.0.0.1:${own}`, ...given],
    own,
    '/-/ready',
    env,
  );
}

export interface Series {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
}

/** Sends an instant query to a workspace or to Prometheus. */
export async function query(url: string, expression: string, time?: number): Promise<Series[]> {
  const parameters = new URLSearchParams({
    query: expression,
    ...(time === undefined ? {} : { time: String(time) }),
  });
  const answer = await fetch(`${url}/api/v1/query?${parameters.toString()}`);
  const body = (await answer.json()) as {
    status: string;
    error?: string;
    data: { result: Series[] };
  };
  if (body.status !== 'success') throw new Error(`${expression}: ${body.error ?? ''}`);
  return body.data.result;
}
