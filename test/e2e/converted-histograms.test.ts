/**
 * Classic histograms with convert_classic_histograms_to_nhcb, beside a real Prometheus: both write
 * the same native histograms with custom bounds, by remote write 2.0: Prometheus leaves the bounds
 * out of 1.0.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { formatLabelSet } from '../../src/model/labels.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { downgradeRequest } from '../../src/wire/remote-write/downgrade.ts';
import { uncompress } from '../../src/wire/snappy.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { BARE_AWS, freePort, startAmperage, startProgram } from '../kit/processes.ts';
import { type Receiver, startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const PAGE = `# TYPE h histogram
h_bucket{x="1",le="0.5"} 2
h_bucket{x="1",le="1"} 2
h_bucket{x="1",le="2.5"} 7
h_bucket{x="1",le="+Inf"} 9
h_sum{x="1"} 12.5
h_count{x="1"} 9
h_bucket{x="2",le="1"} 0
h_bucket{x="2",le="2"} 0
h_bucket{x="2",le="3"} 1
h_bucket{x="2",le="4"} 1
h_bucket{x="2",le="5"} 1
h_bucket{x="2",le="6"} 1
h_bucket{x="2",le="7"} 4
h_bucket{x="2",le="+Inf"} 4
h_sum{x="2"} 1e3
h_count{x="2"} 4
# TYPE f histogram
f_bucket{le="1"} 0.5
f_bucket{le="+Inf"} 1.5
f_sum 2
f_count 1.5
# TYPE s summary
s_sum 1
s_count 2
`;

/** The native histograms of a sender by series, and the names of its other series. */
function readSent(receiver: Receiver, sender: string) {
  const histograms: Record<string, unknown> = {};
  const names = new Set<string>();
  for (const { request, body } of receiver.requests) {
    if (!request.path.startsWith(`/${sender}`)) continue;
    decodeWriteRequest(downgradeRequest(uncompress(body, 2 ** 20)), {
      series: (labels, _times, _numbers, count) => {
        if (count > 0) names.add(labels.find(({ name }) => name === '__name__')?.value ?? '');
      },
      histograms(labels, list) {
        const [first] = list;
        if (first === undefined) return;
        const { schema, count, sum, isFloat, customValues, ...rest } = first.histogram;
        const { positiveSpans, positiveCounts } = rest;
        const own = { schema, count, sum, isFloat, customValues, positiveSpans, positiveCounts };
        histograms[formatLabelSet(labels)] ??= own;
      },
    });
  }
  return { histograms, names: [...names].filter((name) => /^[hfs]_/.test(name)).sort() };
}

test('a real Prometheus writes the same converted histograms', async (context) => {
  const peers = skipUnlessPeer(context, 'prometheus');
  if (peers === undefined) return;
  const target = await serve(context, (_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(PAGE);
  });
  const receiver = await startReceiver(context);
  const folder = temporaryFolder(context);
  const write = (sender: string): string => {
    const file = path.join(folder, `${sender}.yml`);
    writeFileSync(
      file,
      `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: j
    convert_classic_histograms_to_nhcb: true
    static_configs: [{ targets: ['127.0.0.1:${target.port}'] }]
remote_write:
  - url: '${receiver.server.url}/${sender}/write'
    send_native_histograms: true
    protobuf_message: io.prometheus.write.v2.Request
    queue_config: { batch_send_deadline: 200ms }
`,
    );
    return file;
  };
  const port = await freePort();
  const theirs = [
    '--enable-feature=native-histograms',
    `--config.file=${write('theirs')}`,
    `--storage.tsdb.path=${path.join(folder, 'theirs')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const ours = ['--config', write('ours'), '--storage.path', path.join(folder, 'ours')];
  await Promise.all([
    startProgram(context, peers.prometheus, theirs, port, '/-/ready'),
    startAmperage(context, 'collect', ours, BARE_AWS),
  ]);
  const has = (sender: string): boolean =>
    Object.keys(readSent(receiver, sender).histograms).length === 3;
  await until('both have written', 30_000, () => has('ours') && has('theirs'));
  assert.deepEqual(readSent(receiver, 'ours'), readSent(receiver, 'theirs'));
  assert.deepEqual(readSent(receiver, 'ours').names, ['s_count', 's_sum']);
});
