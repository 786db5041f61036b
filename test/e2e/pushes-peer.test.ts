/**
 * Real senders of remote write before our collector: Prometheus, in both versions, and vmagent,
 * which begins with an encoding of its own. Each sends the same to a receiver directly and by way
 * of the collector, and every sample arrives there with its value and its time.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { temporaryFolder } from '../kit/folder.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { freePort, startAmperage, startProgram } from '../kit/processes.ts';
import { type ReceivedValue, startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const MESSAGE_2 = 'io.prometheus.write.v2.Request';

test('what Prometheus and vmagent push arrives as what they send directly', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus', 'vmagent');
  if (peers === undefined) return;
  const folder = temporaryFolder(context);
  const receiver = await startReceiver(context);
  const to = (sender: string): string => `${receiver.server.url}/${sender}/write`;
  const [promPort, agentPort] = [await freePort(), await freePort()];
  const app = await startAmperage(context, 'sample-app', ['--rate', '20']);
  const config = path.join(folder, 'collector.yml');
  const sink = { url: to('collector'), send_exemplars: true, send_native_histograms: true };
  // JSON is valid YAML.
  writeFileSync(config, JSON.stringify({ remote_write: [sink] }));
  const collector = await startAmperage(context, 'collect', [
    '--config.file',
    config,
    '--storage.path',
    path.join(folder, 'queue'),
    '--web.enable-remote-write-receiver',
  ]);
  const push = `${collector.url}/api/v1/write`;
  const entry = (name: string, url: string, via: string, message?: string): object => ({
    name,
    url,
    ...(message === undefined ? {} : { protobuf_message: message }),
    send_exemplars: true,
    send_native_histograms: true,
    metadata_config: { send_interval: '1s' },
    queue_config: { batch_send_deadline: '200ms' },
    write_relabel_configs: [{ target_label: 'via', replacement: via }],
  });
  const scraped = (targets: Record<string, string>): object[] =>
    Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      static_configs: [{ targets: [target] }],
    }));
  const app1 = new URL(app.url).host;
  const prometheusFile = path.join(folder, 'prometheus.yml');
  writeFileSync(
    prometheusFile,
    JSON.stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: scraped({ app: app1, itself: `127.0.0.1:${promPort}` }),
      remote_write: [
        entry('direct', to('direct'), 'one'),
        entry('one', push, 'one'),
        entry('two', push, 'two', MESSAGE_2),
      ],
    }),
  );
  const agentFile = path.join(folder, 'agent.yml');
  writeFileSync(
    agentFile,
    JSON.stringify({
      global: { scrape_interval: '1s', external_labels: { via: 'vmagent' } },
      scrape_configs: scraped({ app: app1 }),
    }),
  );
  const [prometheus, agent] = await Promise.all([
    startProgram(
      context,
      peers.prometheus,
      [
        `--config.file=${prometheusFile}`,
        '--enable-feature=exemplar-storage,metadata-wal-records,native-histograms',
        `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${promPort}`,
      ],
      promPort,
      '/-/ready',
    ),
    startProgram(
      context,
      peers.vmagent,
      [
        `-promscrape.config=${agentFile}`,
        `-remoteWrite.url=${to('agent-direct')}`,
        `-remoteWrite.url=${push}`,
        // Our receiver of the direct way takes snappy alone; the collector says so with a 415.
        '-remoteWrite.forcePromProto=true,false',
        '-remoteWrite.flushInterval=200ms',
        `-remoteWrite.tmpDataPath=${path.join(folder, 'vmagent')}`,
        `-httpListenAddr=127.0.0.1:${agentPort}`,
      ],
      agentPort,
      '/health',
    ),
  ]);
  const countVia = (via: string): number => seriesVia(receiver.of('collector'), via).size;
  await until('series of all senders', 40_000, () =>
    Promise.resolve(['one', 'two'].every((via) => countVia(via) > 300) && countVia('vmagent') > 20),
  );
  const metrics = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text();
  await until('native histograms', 20_000, async () => {
    const all = await metrics(collector.url);
    return read(all, 'amperage_pushed_items_total{kind="histograms"}') > 0;
  });
  const own = await metrics(prometheus.url);
  for (const what of ['samples', 'exemplars', 'histograms', 'metadata'])
    for (const name of ['one', 'two']) {
      const failed = new RegExp(
        `^prometheus_remote_storage_${what}_failed_total\\{.*remote_name="${name}".*\\} (\\d+)`,
        'm',
      ).exec(own)?.[1];
      assert.equal(failed ?? '0', '0', `${what} by ${name}`);
    }
  // Each queue of Prometheus reads its log by itself, and stops where it stands: what is compared
  // must have an end of its own. Without targets that is the marker of every series.
  for (const [file, sender] of [
    [prometheusFile, prometheus],
    [agentFile, agent],
  ] as const) {
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replaceAll(/"targets":\[.*?\]/g, '"targets":[]'),
    );
    sender.child.kill('SIGHUP');
  }
  const wanted = {
    one: 'direct',
    two: 'direct',
    vmagent: 'agent-direct',
  };
  for (const [via, sender] of Object.entries(wanted)) {
    const original = (): Kept => seriesVia(receiver.of(sender), via === 'two' ? 'one' : via);
    const arrived = (): Kept => seriesVia(receiver.of('collector'), via);
    await until(
      `the ends of all series via ${via}`,
      40_000,
      () => areEnded(original()) && areEnded(arrived()) && arrived().size === original().size,
    );
    assert.deepEqual(firstDifference(arrived(), original()), undefined, via);
    context.diagnostic(`${via}: ${original().size} series, ${countAll(original())} samples`);
  }
  prometheus.child.kill('SIGTERM');
  agent.child.kill('SIGTERM');
  await Promise.all([prometheus.exited, agent.exited]);
  const end = await metrics(collector.url);
  assert.doesNotMatch(end, /^amperage_pushed_items_rejected_total/m);
  assert.equal(read(end, 'prometheus_remote_storage_samples_failed_total'), 0);
  assert.ok(read(end, 'amperage_pushed_requests_total{version="2.0",outcome="taken"}') > 0);
});

type Kept = ReadonlyMap<string, readonly ReceivedValue[]>;

/**
 * The series of a sender, without the label that says so. Labels are sorted: vmagent does not.
 * Native histograms are not counted by the receiver: of theirs it sees the marker at the end, which
 * the collector sends as a number.
 */
function seriesVia(kept: Kept, via: string): Kept {
  const label = `via="${via}"`;
  return new Map(
    [...kept]
      .filter(([series, values]) => series.includes(label) && values.some(isNumber))
      .map(([series, values]) => [
        series
          .split(/[{}]|, /)
          .filter((one) => one !== label)
          .sort()
          .join(),
        values,
      ]),
  );
}

function countAll(kept: Kept): number {
  return [...kept.values()].reduce((sum, values) => sum + values.length, 0);
}

function isNumber({ value }: ReceivedValue): boolean {
  return value !== 'stale';
}

function areEnded(kept: Kept): boolean {
  return [...kept.values()].every((values) => values.at(-1)?.value === 'stale');
}

/** A series whose values are not the same; all of them would fill a report. */
function firstDifference(arrived: Kept, original: Kept): unknown {
  for (const series of new Set([...arrived.keys(), ...original.keys()])) {
    const [ours, theirs] = [arrived.get(series), original.get(series)];
    if (!isDeepStrictEqual(ours, theirs)) return { series, ours, theirs };
  }
  return undefined;
}

function read(exposition: string, start: string): number {
  const line = exposition.split('\n').find((one) => one.startsWith(start));
  return Number(line?.split(' ').at(-1) ?? 0);
}
