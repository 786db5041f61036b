/**
 * Runs the contract of appenders over the appenders of both kinds of sinks, that of a route, and
 * the recording appender of tests.
 */
import assert from 'node:assert/strict';
import type { OpenAppender } from '../../src/model/sample.ts';
import { Rows } from '../../src/delivery/rows.ts';
import { Router } from '../../src/routes/router.ts';
import { LineAppender } from '../../src/sinks/file/lines.ts';
import { MESSAGE_1, MESSAGE_2 } from '../../src/sinks/remote-write/config.ts';
import { textsOfLines, textsOfMessages } from '../kit/chunk-texts.ts';
import { bench } from '../kit/delivery.ts';
import { MemoryQueue } from '../kit/memory-queue.ts';
import { RecordingAppender } from '../kit/recording-appender.ts';
import { configOf, sinkOver } from '../kit/remote-write-road.ts';
import { createWorld } from '../kit/world.ts';
import { appenderContract } from './appender.ts';
import { onEnd } from '../kit/ending.ts';

appenderContract('recording appender', () => {
  const appender = new RecordingAppender();
  return { appender, committed: () => appender.committed };
});

for (const [name, message] of [
  ['1.0', MESSAGE_1],
  ['2.0', MESSAGE_2],
] as const) {
  appenderContract(`appender of remote write ${name}`, (context) => {
    const queue = new MemoryQueue();
    const settings = configOf('http://127.0.0.1:9/write', { message });
    const sink = sinkOver(settings, queue, createWorld());
    onEnd(context, () => sink.stop(0));
    return {
      appender: sink.openAppender('target'),
      committed: () => textsOfMessages(queue.chunks),
    };
  });
}

appenderContract('appender of a file', () => {
  const queue = new MemoryQueue();
  const appender = new LineAppender(new Rows(queue, bench().load));
  return { appender, committed: () => textsOfLines(queue.chunks) };
});

appenderContract('appender of a route to two sinks', async () => {
  const recorders: RecordingAppender[] = [];
  const openAppender: OpenAppender = () => {
    const recorder = new RecordingAppender();
    recorders.push(recorder);
    return recorder;
  };
  const router = new Router(createWorld().metrics);
  const outlet = { openAppender, transforms: [] };
  await router.apply(new Map([['job', [outlet, { ...outlet }]]]));
  return {
    appender: router.openAppender('job', 'target'),
    committed: () => {
      const [first, second] = recorders.map((one) => one.committed);
      assert.deepEqual(first, second);
      return first!;
    },
  };
});
