/**
 * Programs of other projects that tests talk to: Prometheus, promtool, node-exporter; and
 * libfaketime, a library that tests load into a process. They are looked up in the folder that
 * AMPERAGE_PEERS names, then in `.peers/usr/bin` below the root, then in /usr/bin. Prometheus and
 * promtool must be of version 3 or newer. A test that lacks a peer skips with a message; where `CI`
 * is set, it fails.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const folders = [process.env['AMPERAGE_PEERS'], path.join(root, '.peers/usr/bin'), '/usr/bin'];
const versioned = new Set(['prometheus', 'promtool']);
const found = new Map<string, string | undefined>();

/** The path of a peer; undefined where this machine has none of the needed version. */
export function peer(name: string): string | undefined {
  if (!found.has(name)) found.set(name, lookUp(name));
  return found.get(name);
}

function lookUp(name: string): string | undefined {
  for (const folder of folders) {
    if (folder === undefined || folder === '') continue;
    const file = path.join(folder, name);
    if (existsSync(file) && (!versioned.has(name) || majorVersion(file) >= 3)) return file;
  }
  return undefined;
}

function majorVersion(file: string): number {
  try {
    const text = execFileSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    return Number(/version (\d+)\./.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * The peers' paths by name. Where one is absent it skips the test and returns undefined, or throws
 * if CI is set.
 */
export function skipUnlessPeer<Name extends string>(
  context: TestContext,
  ...names: readonly Name[]
): Record<Name, string> | undefined {
  const paths: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const file = peer(name);
    if (file === undefined) {
      const message =
        `${name} is not installed${versioned.has(name) ? ' in version 3' : ''}; ` +
        'run scripts/install-peers.sh or set AMPERAGE_PEERS to its folder';
      const ci = process.env['CI'];
      if (ci !== undefined && ci !== '') throw new Error(message);
      context.skip(message);
      return undefined;
    }
    paths[name] = file;
  }
  return paths as Record<Name, string>;
}

/** Whether a Prometheus can receive OTLP; Debian builds it without. */
export function hasOtlpReceiver(program: string): boolean {
  const { stdout, stderr } = spawnSync(program, ['--help'], { encoding: 'utf8' });
  return `${stdout}${stderr}`.includes('web.enable-otlp-receiver');
}
