/** Parts that wait, hold back or keep for a while, and a wall clock that is set meanwhile. */
import { TaskSource } from '../../src/exporter/task-source.ts';
import { MetadataReader } from '../../src/exporter/reader.ts';
import { CallLimits } from '../../src/discovery/call-limits.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { createTokenSource } from '../../src/kernel/oauth2.ts';
import { StatsdReceiver } from '../../src/statsd/receiver.ts';
import { taskStatsSchema } from '../../src/aws/task-metadata-schema.ts';
import { fakeHttp } from '../kit/fake-http.ts';
import { RecordingAppender } from '../kit/recording-appender.ts';
import { createWorld } from '../kit/world.ts';
import { clockStepContract, type Scheduled } from './clock-steps.ts';

/** Does something each second, until it is stopped. */
function repeat(clock: Clock, act: () => unknown): Pick<Scheduled, 'stop'> {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    for (;;) {
      await act();
      await clock.sleep(1_000, stopping.signal);
    }
  };
  const running = run().catch(() => undefined);
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

clockStepContract('metrics of the task', {
  limitMs: 20_000,
  countMax: 2,
  start: async (clock) => {
    const world = createWorld({ clock });
    let count = 0;
    const read = async () => {
      count += 1;
      return { isUp: true, tasks: [], stats: taskStatsSchema.parse({}), tMs: clock.nowMs() };
    };
    const options = { id: 't', intervalMs: 20_000, reader: { lastError: '', read }, world };
    const source = new TaskSource({ ...options, openAppender: () => new RecordingAppender() });
    await source.start();
    return { count: () => count, stop: () => source.stop(0) };
  },
});

clockStepContract('a reading of the metadata endpoint that serves several scrapes', {
  limitMs: 5_000,
  countMax: 2,
  start: async (clock) => {
    let count = 0;
    const client = {
      scope: 'task' as const,
      tasks: async () => [],
      taggedTasks: async () => [],
      stats: async () => {
        count += 1;
        return taskStatsSchema.parse({});
      },
    };
    const options = { client, hasTags: false, cacheMs: 4_500 };
    const reader = new MetadataReader(options, createWorld({ clock }));
    return { count: () => count, ...repeat(clock, () => reader.read(1_000)) };
  },
});

clockStepContract('OAuth 2 tokens', {
  limitMs: 60_000,
  countMax: 2,
  start: async (clock) => {
    const http = fakeHttp(() => JSON.stringify({ access_token: 't', expires_in: 60 }));
    const settings = {
      tokenUrl: 'http://tokens.test/',
      clientId: 'c',
      clientSecret: () => 's',
      scopes: [],
      endpointParams: {},
    };
    const token = createTokenSource(settings, () => clock.elapsedMs(), http);
    return { count: () => http.requests.length, ...repeat(clock, token) };
  },
});

clockStepContract('log lines whose repeats are held back', {
  limitMs: 10_000,
  countMax: 2,
  start: async (clock) => {
    let count = 0;
    const write = (): void => void (count += 1);
    const log = createLogger({ clock, write, repeatMax: 1, repeatWindowMs: 10_000 });
    return { count: () => count, ...repeat(clock, () => log.warn('again')) };
  },
});

clockStepContract('limits of calls of AWS', {
  limitMs: 10_000,
  countMax: 102,
  start: async (clock) => {
    const limits = new CallLimits(clock, createWorld({ clock }).metrics);
    const stopping = new AbortController();
    let count = 0;
    const run = async (): Promise<void> => {
      for (;;) {
        await limits.take('a', 'cloud_map', 1, stopping.signal);
        count += 1;
      }
    };
    const running = run().catch(() => undefined);
    return {
      count: () => count,
      stop: () => {
        stopping.abort();
        return running;
      },
    };
  },
});

clockStepContract('intervals of StatsD', {
  limitMs: 60_000,
  countMax: 2,
  start: async (clock) => {
    const appender = new RecordingAppender();
    const receiver = new StatsdReceiver(
      {
        id: 's',
        transport: 'tcp',
        listen: '127.0.0.1:0',
        listenFlag: '',
        permissions: 0,
        socketBufferBytes: 0,
        intervalMs: 60_000,
        hasMetricType: false,
        takesSimpleTags: true,
        isMonotonic: false,
        counterType: 'int',
        observers: {},
        isCumulative: false,
        escapesNames: false,
        seriesMax: 100,
        expireMs: 300_000,
      },
      { world: createWorld({ clock }), openAppender: () => appender },
    );
    await receiver.start();
    return { count: () => appender.commits, stop: () => receiver.stop(100) };
  },
});
