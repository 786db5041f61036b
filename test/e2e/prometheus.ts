/**
 * A real Prometheus on the loopback over backfilled samples, for comparing answers. Its data lies
 * in a temporary folder, and it is ended by its process id.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface PrometheusPeer {
  readonly url: string;
  /** The `data` of an answer, or the text of the error. */
  ask(route: string, parameters: Readonly<Record<string, string>>): Promise<PeerAnswer>;
  stop(): Promise<void>;
}

export interface PeerAnswer {
  readonly status: string;
  readonly data?: unknown;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** Backfills the OpenMetrics text and serves it. `features` are names for --enable-feature. */
export async function startPrometheus(
  programs: { readonly prometheus: string; readonly promtool: string },
  openMetricsText: string,
  features: readonly string[] = [],
): Promise<PrometheusPeer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'amperage-prometheus-'));
  writeFileSync(path.join(folder, 'data.om'), openMetricsText);
  writeFileSync(path.join(folder, 'prometheus.yml'), '');
  execFileSync(
    programs.promtool,
    ['tsdb', 'create-blocks-from', 'openmetrics', 'data.om', 'data'],
    { cwd: folder, stdio: 'pipe', timeout: 60_000 },
  );
  const child = spawn(
    programs.prometheus,
    [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=data',
      '--storage.tsdb.retention.time=100y',
      '--web.listen-address=127.0.0.1:0',
      ...features.map((feature) => `--enable-feature=${feature}`),
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = await readyUrl(child.stderr, once(child, 'exit'));
    return { url, stop, ask: (route, parameters) => ask(url, route, parameters) };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readyUrl(log: NodeJS.ReadableStream, exit: Promise<unknown>): Promise<string> {
  let text = '';
  const ready = new Promise<string>((resolve) => {
    log.on('data', (chunk: Buffer) => {
      if (text === 'done') return;
      text += chunk.toString();
      const address = /Listening on.*?address=(127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (address === undefined || !text.includes('Server is ready')) return;
      text = 'done';
      resolve(`http://${address}`);
    });
  });
  const failed = exit.then(() => {
    throw new Error(`prometheus ended before it was ready: ${text}`);
  });
  failed.catch(() => undefined);
  return await Promise.race([ready, failed]);
}

async function ask(
  url: string,
  route: string,
  parameters: Readonly<Record<string, string>>,
): Promise<PeerAnswer> {
  const response = await fetch(`${url}/api/v1/${route}`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  });
  return (await response.json()) as PeerAnswer;
}
