/**
 * The workspace as users run it, against the real thing. Prometheus scrapes itself, stores its
 * samples and sends them signed to the workspace, so every answer of the workspace can be compared
 * with Prometheus' own. promtool queries both.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { skipUnlessPeer } from '../kit/peers.ts';
import { freePort } from '../kit/processes.ts';
import { until as waitUntil } from '../kit/waiting.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' };
const main = join(import.meta.dirname, '../../src/main.ts');
const run = promisify(execFile);

/**
 * Polls, because peers do not report when they are ready. A peer that refuses connections is not
 * ready.
 */
const until = (what: string, isSo: () => Promise<boolean>): Promise<void> =>
  waitUntil(what, 30_000, () => isSo().catch(() => false));

const isReady = (url: string) => async (): Promise<boolean> =>
  (await fetch(`${url}/-/ready`)).status === 200;

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
  return child.exitCode;
}

function startWorkspace(port: number, directory: string): ChildProcess {
  return spawn(
    process.execPath,
    [
      main,
      'workspace',
      '--web.listen-address',
      `127.0.0.1:${port}`,
      '--storage.path',
      join(directory, 'workspace'),
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        WORKSPACE_ACCESS_KEY: KEYS.accessKeyId,
        WORKSPACE_SECRET_KEY: KEYS.secretAccessKey,
      },
    },
  );
}

/**
 * Starts a Prometheus that writes to the first URL, and on request to a second one with a wrong
 * key.
 */
function startPrometheus(
  program: string,
  port: number,
  directory: string,
  writeUrl: string,
): ChildProcess {
  const entry = (name: string, secret: string): object => ({
    name,
    url: writeUrl,
    metadata_config: { send_interval: '1s' },
    queue_config: { batch_send_deadline: '200ms' },
    sigv4: { region: 'us-east-1', access_key: KEYS.accessKeyId, secret_key: secret },
  });
  const configuration = {
    global: { scrape_interval: '1s' },
    scrape_configs: [
      { job_name: 'self', static_configs: [{ targets: [`127.0.0.1:${port}`] }] },
      { job_name: 'down', static_configs: [{ targets: ['127.0.0.1:1'] }] },
    ],
    remote_write: [entry('right', KEYS.secretAccessKey), entry('wrong', 'another secret')],
  };
  // JSON is valid YAML.
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(configuration));
  return spawn(
    program,
    [
      '--config.file=prometheus.yml',
      '--storage.tsdb.path=prometheus',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { cwd: directory, stdio: ['ignore', 'ignore', 'ignore'] },
  );
}

async function ask(url: string, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/api/v1/${path}`);
  return { status: response.status, text: await response.text() };
}

/** The value of an expression at one time, from Prometheus or from the workspace. */
async function queryValue(url: string, query: string): Promise<number> {
  const { text } = await ask(url, `query?query=${encodeURIComponent(query)}`);
  const parsed = JSON.parse(text) as { data: { result: { value: [number, string] }[] } };
  return Number(parsed.data.result[0]?.value[1] ?? 0);
}

/** Calls whose whole answers must be equal. END stands for a time for which both have samples. */
const CALLS = [
  'query?time=END&query=up',
  'query?time=END&query={__name__=~"go_.*|prometheus_tsdb_.*"}',
  'query?time=END&query=sum by (handler) (rate(prometheus_http_requests_total[3s]))',
  'query?time=END&query=prometheus_engine_query_duration_seconds[3s]',
  'query?time=END&query=up[3s]',
  'query?time=END&query=1+1',
  'query?time=END&query="text"',
  'query?time=END&query=nosuch',
  'query?time=END&limit=1&query=up{job="self"}',
  'query?time=1.5&query=time()',
  'query?time=2026-01-02T03:04:05.678Z&query=time()',
  'query_range?start=START&end=END&step=1&query=up',
  'query_range?start=START&end=END&step=500ms&query=rate(process_cpu_seconds_total[2s])',
  'query_range?start=START&end=END&step=1&limit=1&query=up{job="self"}',
  'query_range?start=START&end=END&step=1&query=scalar(sum(up))',
  'labels?match[]=up&match[]=go_info',
  'label/job/values?start=START&end=END',
  'label/nosuch/values',
  'label/U__job/values',
  'series?match[]=up&match[]=go_info',
  'series?match[]={job="self",__name__=~"go_memstats_[a-c].*"}',
  'series?match[]={job="self",__name__="up"}&limit=1',
  'query_exemplars?query=test&start=1.7e12&end=1.7e12',
  'format_query?query=sum(up{job="a"}offset 5m)without(b)',
  'parse_query?query=topk(3,a{b!="c"}@end())%2Bon(d)group_left(e)sum by(d)(-f offset -1h)',
  'parse_query?query=max_over_time(rate(a[1m])[1h:5m]@1.5)>bool(2)',
  'parse_query?query=count_values("x",{__name__=~"a.*"}) and label_replace(b,"a","b","c","d")',
  'rules',
  'alerts',
  // Calls that are refused.
  'query',
  'query?query=up&time=soon',
  'query?query=up&timeout=x',
  'query?query=up&limit=x',
  'query?query=up&limit=-1',
  'query?query=up{a=~"("}',
  'query?query=sum(up',
  'query?query=up%2Bon(job)group_left()up&time=END',
  'query_range?query=up&end=1&step=1',
  'query_range?query=up&start=1&end=x&step=1',
  'query_range?query=up&start=5&end=1&step=1',
  'query_range?query=up&start=0&end=1&step=0',
  'query_range?query=up&start=0&end=1',
  'query_range?query=up&start=0&end=20000&step=1',
  'query_range?query="x"&start=0&end=2&step=1',
  'series',
  'series?match[]={}',
  'series?match[]=a(',
  'series?match[]=a&start=x',
  'series?match[]=a&limit=x',
  'metadata?limit=x',
  'metadata?limit_per_metric=x',
  'format_query',
  'parse_query?query=a(',
];

/** Prometheus promises no order of series, so lists of them are sorted before they are compared. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.map(inOrder);
    const isOfSeries = list.every(
      (one) => one !== null && typeof one === 'object' && !Array.isArray(one),
    );
    return isOfSeries
      ? list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : list;
  }
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, inOrder(one)]));
}

test('a signing Prometheus is never refused, and the workspace answers as it does', async (context) => {
  const programs = skipUnlessPeer(context, 'prometheus', 'promtool');
  if (programs === undefined) return;
  const directory = mkdtempSync(join(tmpdir(), 'amperage-peer-'));
  const [ourPort, itsPort] = [await freePort(), await freePort()];
  const ours = `http://127.0.0.1:${ourPort}/workspaces/ws-local`;
  const its = `http://127.0.0.1:${itsPort}`;
  let workspace = startWorkspace(ourPort, directory);
  const prometheus = startPrometheus(
    programs.prometheus,
    itsPort,
    directory,
    `${ours}/api/v1/remote_write`,
  );
  try {
    await until('workspace ready', isReady(`http://127.0.0.1:${ourPort}`));
    await until('prometheus ready', isReady(its));
    // Prometheus answers for the time range of its whole head, the workspace for the range that is
    // asked; so both targets must be in both ranges.
    await until('both targets', async () => (await queryValue(ours, 'count(up)')) === 2);
    const startMs = Date.now();
    const newest = 'min(timestamp(up)) and count(up) == 2';
    const endSeconds = Math.floor(startMs / 1_000) + 5;
    await until('samples', async () => (await queryValue(ours, newest)) > endSeconds + 1);

    for (const call of CALLS) {
      const path = encodeURI(call)
        .replaceAll('%25', '%')
        .replace('START', String(endSeconds - 3))
        .replace('END', String(endSeconds));
      const [our, their] = [await ask(ours, path), await ask(its, path)];
      assert.equal(our.status, their.status, `${call}: ${our.text} | ${their.text}`);
      assert.deepEqual(inOrder(JSON.parse(our.text)), inOrder(JSON.parse(their.text)), call);
    }

    const metadata = JSON.parse((await ask(ours, 'metadata?metric=go_goroutines')).text) as object;
    assert.deepEqual(metadata, JSON.parse((await ask(its, 'metadata?metric=go_goroutines')).text));

    for (const query of [
      ['instant', `--time=${endSeconds}`, 'sum by (job) (up)'],
      ['range', `--start=${endSeconds - 3}`, `--end=${endSeconds}`, '--step=1s', 'up'],
      ['series', '--match=up'],
      ['labels', 'job'],
    ]) {
      const [kind = '', ...rest] = query;
      const flags = rest.filter((text) => text.startsWith('--'));
      const positional = rest.filter((text) => !text.startsWith('--'));
      const say = async (url: string): Promise<string> =>
        (await run(programs.promtool, ['query', kind, ...flags, url, ...positional])).stdout;
      const lines = async (url: string) => (await say(url)).split('\n').toSorted();
      assert.deepEqual(await lines(ours), await lines(its), query.join(' '));
    }

    const failed = (name: string): Promise<number> =>
      queryValue(its, `prometheus_remote_storage_samples_failed_total{remote_name="${name}"}`);
    assert.equal(await failed('right'), 0);
    await until('the wrong key is refused', async () => (await failed('wrong')) > 0);
    const metrics = await (await fetch(`http://127.0.0.1:${ourPort}/metrics`)).text();
    assert.doesNotMatch(metrics, /workspace_samples_rejected_total\{/);
    assert.match(metrics, /workspace_write_requests_total\{status="403"} [1-9]/);

    const before = await ask(ours, `query?query=count({__name__!=""})&time=${endSeconds}`);
    assert.equal(await end(workspace, 'SIGTERM'), 0);
    workspace = startWorkspace(ourPort, directory);
    await until('workspace ready again', isReady(`http://127.0.0.1:${ourPort}`));
    const after = await ask(ours, `query?query=count({__name__!=""})&time=${endSeconds}`);
    assert.equal(after.text, before.text);
  } finally {
    await end(prometheus, 'SIGKILL');
    await end(workspace, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});
