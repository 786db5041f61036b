/**
 * Beside a real Prometheus on the same targets. What a target serves depends only on how often that
 * scraper has come, so both must send the same series with the same values and the same stale
 * markers; only times differ. Takes 25 s, or three minutes with AMPERAGE_LONG=1.
 */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { skipUnlessPeer } from '../kit/peers.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { freePort, startAmperage, startProgram } from '../kit/processes.ts';
import { type ReceivedValue, startReceiver } from '../kit/receiver.ts';
import { listen } from '../kit/listen.ts';

const RUN_MS = process.env['AMPERAGE_LONG'] === undefined ? 22_000 : 180_000;
const GONE_AFTER_MS = 8_000;
/** In the future of both, because Prometheus sends nothing from before its own start. */
const START_MS = Date.now() + 60_000;

type Play = (
  visit: number,
  request: IncomingMessage,
  response: ServerResponse,
) => string | undefined;

const BIG = Array.from({ length: 20 }, (_, i) => `big{i="${i}"} 1\n`).join('');

/**
 * What each target serves at a scraper's nth visit, counted from 0; undefined when it has answered
 * by itself.
 */
const PLAYS: Readonly<Record<string, Play>> = {
  clash: (visit) =>
    `# TYPE a counter\na{job="mine",instance="me",x="1"} ` +
    `${visit}\na{x="2",exported_job="taken",job=""} 7\ndropped 1\nrenamed{le="x"} 2\n`,
  honest: (visit) => `b{job="mine",instance=""} ${visit}\n`,
  dying: (visit, _, response) => {
    if (visit % 9 < 4 || visit % 9 > 6) return `c ${visit}\nd 1\n`;
    if (visit % 9 === 4) response.writeHead(500).end();
    else if (visit % 9 === 5) {
      // After the first byte, because Go would ask again by itself before it.
      response.write('c 1\n');
      setTimeout(() => response.destroy(), 50);
    } else response.end('c{ broken');
    return undefined;
  },
  changing: (visit) =>
    `always ${visit}\n${visit % 4 < 2 ? 'often 1\n' : ''}once{v="${visit}"} ${visit}\n`,
  histogram: (visit) =>
    `# TYPE h histogram\nh_bucket{le="1"} ${visit}\nh_bucket{le="5.50"} ` +
    `${visit}\nh_bucket{le="+Inf"} ${visit}\nh_sum 1e3\nh_count ${visit}\n# TYPE s ` +
    `summary\ns{quantile="0.50"} 3\ns_sum 3\ns_count 1\n`,
  openmetrics: (visit, _, response) => {
    response.setHeader(
      'content-type',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    // Broken before its first sample: Prometheus forgets to end series that stood before a fault
    // (docs/scraping.md).
    const fault = visit % 3 === 2 ? '# broken\n' : '';
    return (
      `${fault}# TYPE om counter\nom_total{e="ü"} ${visit}.5 # {trace="x"} 1\n# TYPE i ` +
      `info\ni_info{v="1"} 1\n# EOF\n`
    );
  },
  stamped: (visit) => `t ${visit} ${START_MS + visit * 500}\n${visit < 3 ? 'u 1\n' : ''}`,
  repeated: (visit) => `r{a="1"} ${visit}\nr{a="1"} 99\nodd NaN\nodd2 +Inf\n`,
  limited: (visit) => (visit % 5 === 3 ? BIG : `l ${visit}\n`),
  leaving: (visit) => `g ${visit}\n`,
};

async function startTargets(context: TestContext): Promise<string> {
  const visits = new Map<string, number>();
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    const scraper = /^amperage/i.test(request.headers['user-agent'] ?? '') ? 'ours' : 'theirs';
    const visit = visits.get(`${scraper} ${name}`) ?? 0;
    visits.set(`${scraper} ${name}`, visit + 1);
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    const page = PLAYS[name]?.(visit, request, response);
    if (page !== undefined) response.end(page);
  });
  const { host } = await listen(context, server);
  return host;
}

function configuration(address: string, file: string, sink: string): string {
  const job = (name: string, more = ''): string =>
    `  - job_name: ${name}\n    metrics_path: /${name}\n    static_configs: [{ targets: ` +
    `['${address}'], labels: { x: target } }]\n${more}`;
  return `global: { scrape_interval: 1s, scrape_timeout: 900ms, external_labels: { region: here } }
scrape_configs:
${job('clash', '    metric_relabel_configs:\n      - { source_labels: [__name__], regex: dropped, action: drop }\n      - { source_labels: [__name__], regex: renamed, target_label: __name__, replacement: new_name }\n      - { regex: le, action: labeldrop }\n')}${job('honest', '    honor_labels: true\n')}${job('dying')}${job('changing')}${job('histogram')}${job('openmetrics')}${job('stamped', '    track_timestamps_staleness: true\n')}${job('repeated')}${job('limited', '    sample_limit: 10\n')}  - job_name: leaving
    metrics_path: /leaving
    file_sd_configs: [{ files: ['${file}'], refresh_interval: 1s }]
    relabel_configs: [{ source_labels: [__meta_filepath], regex: '.*/([^/]+)', target_label: found_in }]
remote_write:
  - url: ${sink}
    queue_config: { batch_send_deadline: 300ms }
    metadata_config: { send: false }
`;
}

/**
 * Values in order, without times. Of series whose values are times or sizes only the kind is kept.
 */
function sequence(name: string, list: readonly ReceivedValue[]): string[] {
  const isMeasured = name.startsWith('scrape_duration_seconds');
  // For a scrape that broke sample_limit Prometheus counts series as added though none was stored.
  if (name.startsWith('scrape_series_added') && name.includes('"limited"')) return ['not compared'];
  return list.map(({ value }) => (isMeasured && value !== 'stale' ? 'some' : String(value)));
}

test('a real Prometheus sends the same series, values and stale markers', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const receiver = await startReceiver(context);
  const address = await startTargets(context);
  const list = path.join(folder, 'targets.json');
  const put = (targets: readonly string[]): void => {
    writeFileSync(`${list}.new`, JSON.stringify([{ targets }]));
    renameSync(`${list}.new`, list);
  };
  put([address]);
  for (const sender of ['ours', 'theirs'])
    writeFileSync(
      path.join(folder, `${sender}.yml`),
      configuration(address, list, `${receiver.server.url}/${sender}`),
    );
  const port = await freePort();
  const [, ours] = await Promise.all([
    startProgram(
      context,
      peers.prometheus,
      [
        '--agent',
        `--config.file=${path.join(folder, 'theirs.yml')}`,
        `--storage.agent.path=${path.join(folder, 'theirs')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      port,
      '/-/ready',
    ),
    startAmperage(context, 'collect', [
      '--config.file',
      path.join(folder, 'ours.yml'),
      '--storage.path',
      path.join(folder, 'ours'),
    ]),
  ]);
  await new Promise((resolve) => setTimeout(resolve, GONE_AFTER_MS));
  put([]);
  await new Promise((resolve) => setTimeout(resolve, RUN_MS - GONE_AFTER_MS));

  const [mine, reference] = [receiver.of('ours'), receiver.of('theirs')];
  // Series that are new at each visit exist only as far as that scraper has come.
  const isNumbered = (name: string): boolean => name.startsWith('once{');
  // Prometheus ends series of a scrape that broke sample_limit, though it never stored them; we do
  // not.
  const isNothing = (name: string): boolean =>
    !mine.has(name) && (reference.get(name) ?? []).every(({ value }) => value === 'stale');
  const names = [...new Set([...mine.keys(), ...reference.keys()])].filter(
    (one) => !isNumbered(one) && !isNothing(one),
  );
  assert.ok(names.length > 60, String(names.length));
  assert.deepEqual(
    names.filter((name) => !mine.has(name) || !reference.has(name)),
    [],
    'both have the same series',
  );
  for (const name of names) {
    const [a, b] = [sequence(name, mine.get(name)!), sequence(name, reference.get(name)!)];
    const length = Math.min(a.length, b.length);
    const isGone = name.includes('job="leaving"');
    assert.ok(length >= (isGone ? 5 : 1), `${name}: ${a.length} here, ${b.length} there`);
    if (isGone) {
      // Each saw the change at its own time; both end with one stale marker.
      assert.deepEqual([a.at(-1), b.at(-1)], ['stale', 'stale'], name);
      assert.equal(a.filter((value) => value === 'stale').length, 1, name);
      continue;
    }
    assert.deepEqual(a.slice(0, length), b.slice(0, length), name);
  }
  const [numbered, numberedThere] = [mine, reference].map((all) =>
    [...all.keys()].filter(isNumbered).toSorted(),
  );
  assert.ok(Math.abs(numbered!.length - numberedThere!.length) <= 6);
  for (const name of numbered!.filter((one) => reference.has(one)).slice(0, 10)) {
    const [a, b] = [mine.get(name)!, reference.get(name)!].map((list) => sequence(name, list));
    const length = Math.min(a!.length, b!.length);
    assert.deepEqual(a!.slice(0, length), b!.slice(0, length), name);
  }
  context.diagnostic(`${names.length + numbered!.length} series compared`);
  assert.doesNotMatch(ours.output(), /level=error/);
});
