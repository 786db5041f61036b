/**
 * Real `amperage` commands, and peers, as child processes of a test: started on free ports, waited for, and ended by
 * their own process id whatever the test does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

export const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts');

export interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  /** All it said. */
  output(): string;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A folder that goes with the test. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-e2e-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a program and waits until `readyPath` of its port answers 200. Ended with the test. */
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
  context.after(async () => {
    if (!hasExited) child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  });
  const url = `http://127.0.0.1:${port}`;
  await until(`${path.basename(file)} ${given[0] ?? ''} is ready`, 20_000, async () => {
    if (hasExited) throw new Error(`it ended at once:\n${output}`);
    return (await fetch(`${url}${readyPath}`).catch(() => undefined))?.status === 200;
  });
  return { url, child, exited, output: () => output };
}

/** Starts `amperage <command>`; `listenFlag` is what the command calls its address. */
export async function startAmperage(
  context: TestContext,
  command: string,
  given: readonly string[],
  env: Record<string, string> = {},
  port?: number,
): Promise<Running> {
  const own = port ?? (await freePort());
  const flag =
    command === 'exporter' || command === 'collect' ? '--web.listen-address' : '--listen';
  return startProgram(
    context,
    process.execPath,
    [MAIN, command, flag, `127.0.0.1:${own}`, ...given],
    own,
    '/-/ready',
    env,
  );
}

/** Waits until the condition holds, looking every 100 ms; a test that waits for real processes has no virtual time. */
export async function until(
  what: string,
  withinMs: number,
  holds: () => Promise<boolean> | boolean,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export interface Series {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
}

/** An instant query, of a workspace or of Prometheus itself. */
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
