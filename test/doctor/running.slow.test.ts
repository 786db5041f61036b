/**
 * What doctor tells of processes that run: a collector with targets that are down and samples that
 * are refused, one that is well, and a UDP port that is taken.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { collectorCheck } from '../../src/doctor/collector.ts';
import { queuesCheck } from '../../src/doctor/queues.ts';
import { tracingCheck } from '../../src/doctor/tracing.ts';
import { serve } from '../kit/listen.ts';
import { examinePatient, healthyConfig, startPatient } from '../kit/patient.ts';
import { freePort, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

const SHOWN = ['error', 'warning'];

test('a collector that is well has its queue, and nothing is told', async (t) => {
  const patient = await startPatient(t);
  const file = path.join(patient.folder, 'well.yml');
  writeFileSync(
    file,
    healthyConfig(patient).replace('scrape_interval: 15s', 'scrape_interval: 1s'),
  );
  const storagePath = path.join(patient.folder, 'queues');
  const collector = await startAmperage(t, 'collect', [
    '--config.file',
    file,
    '--storage.path',
    storagePath,
  ]);
  const found = await examinePatient(t, patient, {
    checks: [collectorCheck, queuesCheck],
    subject: { collectorUrl: collector.url, storagePath },
  });
  assert.deepEqual(
    found.filter(({ severity }) => SHOWN.includes(severity)),
    [],
  );
  assert.match(JSON.stringify(found), /its targets are up, nothing is lost/);
});

test('targets that are down and samples that are refused are told with reasons', async (t) => {
  const patient = await startPatient(t);
  const refusing = await serve(t, (_, response) =>
    response.writeHead(400).end('out of order sample'),
  );
  const config = healthyConfig(patient)
    .replace(/url: http:\/\/127\.0\.0\.1:\d+/, `url: ${refusing.url}`)
    .replace('scrape_interval: 15s', 'scrape_interval: 1s')
    .replace('sample_age_limit: 59m', 'sample_age_limit: 59m, batch_send_deadline: 100ms')
    .replace(`'${patient.target.host}'`, `'${patient.target.host}', '127.0.0.1:1'`);
  const file = path.join(patient.folder, 'ill.yml');
  writeFileSync(file, config);
  const collector = await startAmperage(t, 'collect', [
    '--config.file',
    file,
    '--storage.path',
    path.join(patient.folder, 'ill'),
  ]);
  await until('something is lost', 30_000, async () => {
    const metrics = await (await fetch(`${collector.url}/metrics`)).text();
    return /^amperage_sink_items_dropped_total\{.*\} [1-9]/m.test(metrics);
  });
  await until('a target is known as down', 30_000, async () => {
    const targets = await (await fetch(`${collector.url}/api/v1/targets`)).text();
    return targets.includes('"health":"down"');
  });
  const found = await examinePatient(t, patient, {
    checks: [collectorCheck],
    subject: { collectorUrl: collector.url },
  });
  const down = found.find(({ id }) => id === 'collector-targets-down');
  assert.match(down?.what ?? '', /1 of 2 targets are down/);
  assert.match(down?.evidence.join() ?? '', /1 × app: .*ECONNREFUSED.*127\.0\.0\.1:1\//);
  const drops = found.find(({ id }) => id === 'collector-drops');
  assert.match(drops?.evidence.join() ?? '', /remote_write\/amp: out_of_order \d+/);
});

test('a UDP port of X-Ray that another process has', async (t) => {
  const patient = await startPatient(t);
  const examineAt = (port: number) =>
    examinePatient(t, patient, {
      config:
        `xray_receivers: [{ listen: '127.0.0.1:${port}' }]\n` +
        'xray_write: [{ region: us-east-1 }]\n',
      checks: [tracingCheck],
    });
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const { port } = socket.address();
  assert.deepEqual(
    (await examineAt(port)).map(({ id }) => id),
    ['trace-port-taken'],
  );
  const free = await examineAt(await freePort());
  assert.deepEqual(
    free.map(({ severity }) => severity),
    ['ok'],
  );
});
