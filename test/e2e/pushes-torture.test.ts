/**
 * Tortures the road from a push to a receiver: senders push numbered samples to a collector that is
 * killed, stopped and reloaded with other sinks, and whose receiver fails in every way. Each number
 * that was answered with 204 arrives. A sender repeats what was not answered, so a number may come
 * twice.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../kit/folder.ts';
import { freePort, startAmperage } from '../kit/processes.ts';
import { writeMessage } from '../kit/push-intake.ts';
import { makeRandom } from '../kit/random.ts';
import { until } from '../kit/waiting.ts';
import { decodeWriteRequest } from '../../src/wire/remote-write/decoder.ts';
import { upgradeMessages } from '../../src/wire/remote-write/upgrade.ts';
import { compress, uncompress } from '../../src/wire/snappy.ts';
import { labelValue } from '../../src/model/labels.ts';
import { BadReceiver, listen, sleep } from './torture-parts.ts';

const SENDERS = 4;
const RUN_MS = 12_000;
const SERIES = 50;

test('what was answered 204 arrives, whatever happens to process, sinks and receiver', async (context) => {
  const folder = temporaryFolder(context);
  const random = makeRandom(20);
  const received = Array.from({ length: SENDERS }, () => new Map<number, number>());
  const receiver = new BadReceiver((body) => {
    decodeWriteRequest(uncompress(body, 1e8), {
      series: (labels, _times, values, count) => {
        const come = received[Number(labelValue(labels, 'sender'))]!;
        for (let i = 0; i < count; i++) come.set(values[i]!, (come.get(values[i]!) ?? 0) + 1);
      },
    });
    return undefined;
  }, random);
  const sink = await listen((request, response) => receiver.serve(request, response));
  context.after(() => sink.server.closeAllConnections());
  context.after(() => sink.server.close());
  const port = await freePort();
  const file = path.join(folder, 'prometheus.yml');
  const configure = (extra: number): void => {
    const entry = (name: string): object => ({
      name,
      url: `http://127.0.0.1:${sink.port}/${name}`,
      remote_timeout: '1s',
      queue_config: { batch_send_deadline: '100ms', max_backoff: '500ms' },
      ...(name === 'main' ? {} : { write_relabel_configs: [{ action: 'labeldrop', regex: 'x' }] }),
    });
    const extras = Array.from({ length: extra }, (_, i) => entry(`extra${i}`));
    writeFileSync(file, JSON.stringify({ remote_write: [entry('main'), ...extras] }));
  };
  const start = () =>
    startAmperage(
      context,
      'collect',
      [
        '--config.file',
        file,
        '--log.level',
        'error',
        '--stop-timeout',
        '1s',
        '--storage.path',
        path.join(folder, 'queue'),
        '--web.enable-remote-write-receiver',
      ],
      {},
      port,
    );
  configure(0);
  let life = await start();
  const ending = new AbortController();
  const answered = Array.from({ length: SENDERS }, () => 0);
  const statuses = new Map<number, number>();
  const push = async (sender: number): Promise<void> => {
    while (!ending.signal.aborted) {
      const first = answered[sender]!;
      const message = writeMessage(
        Array.from({ length: SERIES }, (_, i) => ({
          labels: { __name__: 'number', sender: String(sender), series: String(i) },
          samples: [[first + i, Date.now()]] as const,
        })),
      );
      const is2 = sender % 2 === 1;
      const proto = is2 ? ';proto=io.prometheus.write.v2.Request' : '';
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/write`, {
        method: 'POST',
        body: Buffer.from(compress(is2 ? upgradeMessages([message]).message : message)),
        headers: { 'content-type': `application/x-protobuf${proto}`, 'content-encoding': 'snappy' },
      }).catch(() => undefined);
      const status = answer?.status ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 204) answered[sender] = first + SERIES;
      await sleep(status === 204 ? 5 : 50);
    }
  };
  const pushing = Array.from({ length: SENDERS }, (_, sender) => push(sender));
  const done = { kills: 0, stops: 0, reloads: 0 };
  const endAt = performance.now() + RUN_MS;
  for (let round = 0; performance.now() < endAt || done.kills === 0 || done.stops === 0; round++) {
    await sleep(300 + random() * 400);
    receiver.isAway = random() < 0.3;
    if (round % 3 !== 2) {
      configure(round % 2);
      life.child.kill('SIGHUP');
      done.reloads += 1;
      continue;
    }
    const isKill = round % 2 === 0;
    done[isKill ? 'kills' : 'stops'] += 1;
    life.child.kill(isKill ? 'SIGKILL' : 'SIGTERM');
    await life.exited;
    life = await start();
  }
  ending.abort();
  await Promise.all(pushing);
  receiver.isCalm = true;
  const isThere = (sender: number): boolean => {
    for (let number = 0; number < answered[sender]!; number++)
      if (!received[sender]!.has(number)) return false;
    return true;
  };
  context.diagnostic(
    JSON.stringify({ ...done, faults: receiver.faults, answered, statuses: [...statuses] }),
  );
  await until('all numbers that were answered', 40_000, () =>
    Promise.resolve(answered.every((_, sender) => isThere(sender))),
  );
  assert.ok(answered.every((count) => count > 1_000));
  const refused = [...statuses.keys()].filter((status) => status >= 400 && status !== 503);
  assert.deepEqual(refused, []);
});
