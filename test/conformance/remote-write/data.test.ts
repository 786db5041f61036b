/**
 * The sender suites' cases about requests. For each version a collector scrapes one target for each
 * case for some seconds and sends to a receiver of our own; then each case is checked.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../kit/folder.ts';
import { startAmperage } from '../../kit/processes.ts';
import { decodeRequest, type DecodedRequest } from './decoded.ts';
import * as families from './family-cases.ts';
import * as whole from './request-cases.ts';
import { type DataCase, Seen } from './seen.ts';
import * as values from './value-cases.ts';
import { listen } from '../../kit/listen.ts';
import { until } from '../../kit/waiting.ts';

const CASES: readonly DataCase[] = [
  ...whole.protocol,
  ...values.samples,
  ...values.symbols,
  ...values.labels,
  ...values.timestamps,
  ...families.metadata,
  ...families.exemplars,
  ...families.histograms,
  ...families.combined,
  ...whole.edges,
  ...whole.batching,
  ...whole.compatibility,
  ...whole.one,
];
const RUN_MS = 9_000;
const SCRAPES_MIN = 4;
const PROTOBUF =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Serves the expositions at `/case/N` and receives at `/write`. */
async function startPeer(context: TestContext): Promise<{
  readonly host: string;
  readonly requests: DecodedRequest[];
  readonly bad: string[];
  /** How often the page of a case was asked for. */
  readonly timesAsked: (index: number) => number;
}> {
  const requests: DecodedRequest[] = [];
  const bad: string[] = [];
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const found = CASES[Number(/^\/case\/(\d+)$/.exec(url)?.[1] ?? NaN)];
    if (found !== undefined) {
      const times = (asked.get(url) ?? 0) + 1;
      asked.set(url, times);
      const page = typeof found.page === 'string' ? found.page : found.page();
      const isText = typeof page === 'string';
      const text = 'text/plain; version=0.0.4; charset=utf-8';
      const open = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
      const type = !isText ? PROTOBUF : page.endsWith('# EOF\n') ? open : text;
      response.writeHead(200, { 'content-type': type });
      response.end(found.blinks === true && times % 2 === 0 ? '' : page);
      return;
    }
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      try {
        requests.push(decodeRequest(request.method ?? '', request.headers, Buffer.concat(parts)));
      } catch (error) {
        bad.push(String(error));
      }
      response.writeHead(204, { 'x-prometheus-remote-write-samples-written': '1' }).end();
    });
  });
  const { host } = await listen(context, server);
  return { host, requests, bad, timesAsked: (index) => asked.get(`/case/${index}`) ?? 0 };
}

for (const version of [1, 2] as const) {
  test(`remote write ${version}.0: what the suites ask of requests`, async (context) => {
    const peer = await startPeer(context);
    const cases = CASES.map((one, index) => ({ one, index })).filter(
      ({ one }) => (one.only ?? version) === version,
    );
    const folder = temporaryFolder(context);
    const file = path.join(folder, 'prometheus.yml');
    const message = version === 2 ? 'io.prometheus.write.v2.Request' : 'prometheus.WriteRequest';
    const jobs = cases.map(
      ({ one, index }) =>
        `  - { job_name: '${one.name}', metrics_path: /case/${index}, honor_labels: ` +
        `${one.honorLabels === true}, scrape_native_histograms: true, static_configs: [{ ` +
        `targets: ['${peer.host}'] }] }`,
    );
    writeFileSync(
      file,
      // A scrape that a busy machine answers or reads too late would be a stale marker among the
      // values; where the whole suite runs, it has stood still for more than two seconds.
      `global: { scrape_interval: 5s, scrape_timeout: 5s }
scrape_configs:
${jobs.join('\n')}
remote_write:
  - url: http://${peer.host}/write
    protobuf_message: ${message}
    send_exemplars: true
    send_native_histograms: true
    queue_config: { batch_send_deadline: 500ms }
    metadata_config: { send_interval: 1s }
`,
    );
    const startMs = Date.now();
    const collector = await startAmperage(context, 'collect', [
      '--config.file',
      file,
      '--storage.path',
      path.join(folder, 'queue'),
    ]);
    await sleep(RUN_MS);
    // On a busy machine scrapes come late.
    await until('each case was scraped often enough', 20_000, () =>
      cases.every(({ index }) => peer.timesAsked(index) >= SCRAPES_MIN),
    );
    collector.child.kill('SIGTERM');
    await collector.exited;
    assert.equal(collector.child.exitCode, 0, collector.output());
    assert.deepEqual(peer.bad, []);
    for (const { one } of cases)
      await context.test(`${one.name} ${one.level}`, () =>
        one.check(new Seen(version, peer.requests, one.name, startMs)),
      );
  });
}
