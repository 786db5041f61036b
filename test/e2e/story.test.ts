/**
 * The logs of the demo, from its start to an outage of the receiver and back, tell what happens in
 * at most 30 lines: those that stand in docs/what-it-says.md. AMPERAGE_UPDATE=1 writes them there.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd } from '../kit/ending.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { MAIN } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const PAGE = path.resolve(import.meta.dirname, '../../docs/what-it-says.md');
const LINES_MAX = 30;
const NOT_HEARD = ['AWS_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'];
/** Said where the machine is slow: the application starts before the collector. */
const MAY_LACK = 'a request of OTLP had no answer';

interface Line {
  readonly time: string;
  readonly stage: string;
  readonly text: string;
}

function readLines(folder: string): Line[] {
  const lines = readdirSync(folder).flatMap((file) =>
    readFileSync(path.join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Line => {
        const [, time = '', text = line] = /^time=(\S+) (.*)$/.exec(line) ?? [];
        return { time, stage: path.basename(file, '.log'), text };
      }),
  );
  return lines.toSorted((a, b) => a.time.localeCompare(b.time));
}

/** A line without what differs from run to run: numbers, digests and folders. */
function shapeOf(line: string): string {
  return line
    .replace(/^\S+ +/, '')
    .replaceAll(/(commit|digest)=[0-9a-f]+/g, '$1=#')
    .replaceAll(/-[0-9a-f]{6}\b/g, '-#')
    .replace(/metric=\w+/, 'metric=#')
    .replaceAll(/(config|store|folder)=[./]\S+/g, '$1=#')
    .replaceAll(/\d+/g, '#');
}

async function setFaults(workspace: string, faults: readonly unknown[]): Promise<void> {
  const body = JSON.stringify(faults);
  const answer = await fetch(`${workspace}/_workspace/faults`, { method: 'PUT', body });
  assert.equal(answer.status, 200);
}

test('the logs of the demo tell of its start, an outage and its end in few lines', async (context) => {
  const folder = temporaryFolder(context);
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !NOT_HEARD.includes(name)),
  );
  const given = [MAIN, 'demo', '--free-ports', '--storage.path', folder];
  const demo = spawn(process.execPath, given, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(demo, 'exit');
  onEnd(context, async () => {
    demo.kill('SIGTERM');
    await ended;
  });
  let output = '';
  demo.stdout.on('data', (data: Buffer) => (output += data.toString()));
  demo.stderr.on('data', (data: Buffer) => (output += data.toString()));
  await until('the demo runs', 90_000, () => output.includes('  Open  '));
  const [, workspace = ''] = / {2}Open {2}(\S+)\/ /.exec(output) ?? [];
  const lines = (): Line[] => readLines(path.join(folder, 'logs'));
  const said = (text: string, times = 1): boolean =>
    lines().filter((line) => line.text.includes(text)).length >= times;
  await until('targets are up', 60_000, () => said('targets are up'));
  await until('each sink has delivered', 60_000, () => said('first delivery', 4));
  await until('OTLP has come', 60_000, () => said('the first OTLP request has come', 2));
  await setFaults(workspace, [{ kind: 'status', status: 503, share: 1 }]);
  await until('the outage is said', 60_000, () => said('delivery failed'));
  await sleep(3_000);
  await setFaults(workspace, []);
  await until('its end is said', 60_000, () => said('it delivers again'));
  const told = lines();
  const text = told.map(
    ({ time, stage, text: rest }) => `${time.slice(11, 19)} ${stage.padEnd(10)} ${rest}`,
  );
  assert.ok(told.length <= LINES_MAX, `${told.length} lines\n${text.join('\n')}`);
  const page = readFileSync(PAGE, 'utf8');
  if (process.env['AMPERAGE_UPDATE'] === '1')
    writeFileSync(
      PAGE,
      page.replace(
        /```text\n[^]*```/,
        () => `\`\`\`text\n${text.join('\n').replaceAll(folder, './demo-data')}\n\`\`\``,
      ),
    );
  const shown = /```text\n([^]*)\n```/.exec(readFileSync(PAGE, 'utf8'))?.[1]?.split('\n') ?? [];
  const shapes = (all: readonly string[]): string[] =>
    all
      .filter((line) => !line.includes(MAY_LACK))
      .map(shapeOf)
      .toSorted();
  assert.deepEqual(shapes(text), shapes(shown), 'with AMPERAGE_UPDATE=1 the page is written');
});
