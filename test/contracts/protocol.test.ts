/**
 * Runs the contract of protocols over those of both kinds of sinks, and over the protocol that
 * tests of delivery use.
 */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Rows } from '../../src/delivery/rows.ts';
import type { Protocol } from '../../src/delivery/protocol.ts';
import { RecoverableError } from '../../src/kernel/errors.ts';
import { makeLabelSet } from '../../src/model/labels.ts';
import type { Chunk } from '../../src/model/queue.ts';
import type { OpenAppender } from '../../src/model/sample.ts';
import { LineAppender } from '../../src/sinks/file/lines.ts';
import { rotatedFile } from '../../src/sinks/file/rotated-file.ts';
import {
  MESSAGE_1,
  MESSAGE_2,
  type RemoteWriteConfig,
} from '../../src/sinks/remote-write/config.ts';
import { newRemoteWriteMetrics } from '../../src/sinks/remote-write/metrics.ts';
import { authenticateWith } from '../../src/sinks/requests/authenticate.ts';
import { NegotiatedVersion } from '../../src/sinks/remote-write/way-out/message-version.ts';
import { RemoteWriteProtocol } from '../../src/sinks/remote-write/way-out/protocol.ts';
import { textsOfLines, textsOfMessages } from '../kit/chunk-texts.ts';
import { bench, chunkOf, itemsIn, NumberProtocol } from '../kit/delivery.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { MemoryQueue } from '../kit/memory-queue.ts';
import { startReceiver } from '../kit/receiver.ts';
import { configOf, sinkOver } from '../kit/remote-write-road.ts';
import { createWorld, openHttp } from '../kit/world.ts';
import { protocolContract } from './protocol.ts';
import { onEnd } from '../kit/ending.ts';

/** The times in texts of samples, in order. */
function parseTimes(texts: readonly string[]): number[] {
  return texts.map((text) => Number(text.split('@')[1]));
}

/** A chunk made by the sink's own appender, with one series for each time. */
function chunkWith(
  openAppender: OpenAppender,
  queue: MemoryQueue,
  timesMs: readonly number[],
): Chunk {
  const appender = openAppender('target');
  timesMs.forEach((tMs, i) => {
    const ref = appender.refOf(makeLabelSet({ __name__: 'a', i: String(i), job: 'j' }));
    appender.append(ref, tMs, i);
  });
  appender.commit();
  return queue.chunks.at(-1)!;
}

async function remoteWrite(context: TestContext, message: RemoteWriteConfig['message']) {
  const receiver = await startReceiver(context);
  receiver.answer = ({ samples }) => {
    const written = { 'x-prometheus-remote-write-samples-written': String(samples.length) };
    return { status: 204, headers: written };
  };
  const world = createWorld({ http: openHttp(context) });
  const { config, settings } = configOf(receiver.url, { message });
  const queue = new MemoryQueue();
  const sink = sinkOver({ config, settings }, queue, createWorld());
  onEnd(context, () => sink.stop(0));
  const auth = authenticateWith(config, world);
  onEnd(context, () => auth.close());
  const protocol = new RemoteWriteProtocol({
    config,
    world,
    metrics: newRemoteWriteMetrics(world.metrics, {
      name: 'test',
      url: config.url,
      settings,
      pendingSamples: () => 0,
    }),
    auth,
    userAgent: 'test',
    negotiated: new NegotiatedVersion(config),
  });
  return {
    protocol,
    chunkOf: (timesMs: readonly number[]) => chunkWith(sink.openAppender, queue, timesMs),
    timesIn: (chunks: readonly Chunk[]) => parseTimes(textsOfMessages(chunks)),
    arrived: () => receiver.kept.map(({ tMs }) => tMs),
    takeAway: () => receiver.server.stop(0),
  };
}

protocolContract('remote write 1.0', (context) => remoteWrite(context, MESSAGE_1));
protocolContract('remote write 2.0', (context) => remoteWrite(context, MESSAGE_2));

protocolContract('file', (context) => {
  const folder = temporaryFolder(context);
  const file = path.join(folder, 'samples.json');
  const protocol: Protocol<Buffer> = rotatedFile({ path: file, maxBytes: 1e6, filesMax: 1 });
  const queue = new MemoryQueue();
  const openAppender = () => new LineAppender(new Rows(queue, bench().load));
  return {
    protocol,
    chunkOf: (timesMs) => chunkWith(openAppender, queue, timesMs),
    timesIn: (chunks) => parseTimes(textsOfLines(chunks)),
    arrived: () => parseTimes(textsOfLines([{ ...chunkOf([1]), bytes: readFileSync(file) }])),
    takeAway: () => rmSync(folder, { recursive: true }),
  };
});

protocolContract('protocol of numbers', () => {
  let isAway = false;
  const protocol = new NumberProtocol(() => {
    if (isAway) throw new RecoverableError('SINK_UNAVAILABLE', 'it is away');
    return { kind: 'delivered', bytes: 1 };
  });
  return {
    protocol,
    chunkOf,
    timesIn: itemsIn,
    arrived: () => protocol.sent.flat(),
    takeAway: () => void (isAway = true),
  };
});
