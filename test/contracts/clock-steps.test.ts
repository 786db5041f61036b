/** Parts that wait, hold back or keep for a while, and a wall clock that is set meanwhile. */
import { rootOf } from '../../src/emulator/identities.ts';
import { QueueService } from '../../src/emulator/sqs.ts';
import { Trouble } from '../../src/emulator/trouble.ts';
import { TaskSource } from '../../src/exporter/task-source.ts';
import { MetadataReader } from '../../src/exporter/reader.ts';
import { CallLimits } from '../../src/discovery/call-limits.ts';
import { type Clock, readMoment } from '../../src/kernel/clock.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { createTokenSource } from '../../src/kernel/oauth2.ts';
import { makeLabelSet } from '../../src/model/labels.ts';
import { Differences } from '../../src/sinks/emf/differences.ts';
import { RuleTable } from '../../src/sample-app/sampling/rule-table.ts';
import { parseLine } from '../../src/statsd/line.ts';
import { StatsdReceiver } from '../../src/statsd/receiver.ts';
import type { StatsdReceiverSettings } from '../../src/statsd/settings.ts';
import { StatsdTable } from '../../src/statsd/table.ts';
import { RequestGate, resolveLimits } from '../../src/workspace/api/limits.ts';
import type { WriteBatch } from '../../src/workspace/storage/write-batch.ts';
import { taskStatsSchema } from '../../src/aws/task-metadata-schema.ts';
import { readWhole } from '../kit/emf-events.ts';
import { fakeHttp } from '../kit/fake-http.ts';
import { RecordingAppender } from '../kit/recording-appender.ts';
import { createWorld } from '../kit/world.ts';
import { clockStepContract, type Scheduled } from './clock-steps.ts';

/** Does something again and again, until it is stopped. */
function repeat(clock: Clock, act: () => unknown, everyMs = 1_000): Pick<Scheduled, 'stop'> {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    for (;;) {
      await act();
      await clock.sleep(everyMs, stopping.signal);
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

clockStepContract('the rate of samples that a workspace takes', {
  limitMs: 5_000,
  countMax: 6,
  start: async (clock) => {
    const limits = ['samples-per-second=10', 'burst-samples=10'];
    const gate = new RequestGate(resolveLimits(false, limits), clock);
    const batch = { series: [{ labels: [], start: 0, end: 10 }] } as unknown as WriteBatch;
    let count = 0;
    return {
      count: () => count,
      ...repeat(clock, () => (count += gate.refuse(batch) === undefined ? 1 : 0)),
    };
  },
});

clockStepContract('the leader of a pair that a workspace takes samples of', {
  limitMs: 5_000,
  countMax: 6,
  start: async (clock) => {
    const gate = new RequestGate(resolveLimits(false, ['ha-clusters=1']), clock);
    const batchOf = (replica: string): WriteBatch =>
      ({
        series: [
          { labels: makeLabelSet({ cluster: 'c', __replica__: replica }), start: 0, end: 1 },
        ],
      }) as unknown as WriteBatch;
    const [leader, follower] = [batchOf('a'), batchOf('b')];
    gate.refuse(leader);
    let count = 0;
    return {
      count: () => count,
      ...repeat(clock, () => {
        count += gate.refuse(follower) === undefined ? 100 : 0;
        count += gate.refuse(leader) === undefined ? 1 : 0;
      }),
    };
  },
});

clockStepContract('messages of the emulated SQS that nobody deletes', {
  limitMs: 10_000,
  countMax: 3,
  start: async (clock) => {
    const queues = new QueueService({
      clock,
      urlOf: (name) => name,
      stopping: new AbortController().signal,
    });
    queues.create('q');
    queues.send('q', 'm');
    const { ReceiveMessage: receive } = queues.service().actions;
    let count = 0;
    return {
      count: () => count,
      ...repeat(clock, async () => {
        const got = await receive?.(
          { QueueUrl: 'q', VisibilityTimeout: 5 },
          {
            caller: rootOf('000000000000'),
            region: 'us-east-1',
            headers: {},
          },
        );
        count += (got as { readonly Messages: unknown[] }).Messages.length;
      }),
    };
  },
});

clockStepContract('the throttling of the emulated AWS', {
  limitMs: 5_000,
  countMax: 6,
  start: async (clock) => {
    const trouble = new Trouble(clock);
    trouble.set({ throttle: 0.1 });
    let count = 0;
    return {
      count: () => count,
      ...repeat(clock, () => {
        try {
          trouble.strike('CreateLogGroup', {});
          count += 1;
        } catch {
          // No token yet.
        }
      }),
    };
  },
});

clockStepContract('increases of a counter towards CloudWatch', {
  limitMs: 99_000,
  countMax: 2,
  start: async (clock) => {
    const onUnsent = (): void => undefined;
    const differences = new Differences({ retainsInitialValue: false, onUnsent }, 0);
    let [value, count] = [0, 0];
    const read = (): void => {
      const now = readMoment(clock);
      value += 1;
      const point = { attributes: [], tMs: now.wallMs, startMs: undefined, isStale: false };
      const points = [{ ...point, exemplars: [], value }];
      const data = { kind: 'sum', isMonotonic: true, isDelta: false, points } as const;
      const metric = { name: 'c', description: '', unit: '', type: 'counter', data } as const;
      differences.sweep(now);
      const made = readWhole(differences, 't', [{ resource: [], metrics: [metric] }], { now });
      count += made.metrics.length;
    };
    return { count: () => count, ...repeat(clock, read, 90_000) };
  },
});

clockStepContract('statistics of sampling rules', {
  limitMs: 10_000,
  countMax: 2,
  start: async (clock) => {
    const table = new RuleTable(() => 0.5);
    const any = { serviceName: '*', serviceType: '*', method: '*', path: '*', host: '*' };
    const rule = { name: 'r', priority: 1, reservoirSize: 1, fixedRate: 1, ...any, attributes: {} };
    table.load([rule], readMoment(clock));
    let count = 0;
    return {
      count: () => count,
      ...repeat(clock, () => {
        const now = readMoment(clock);
        table.decide({}, now);
        count += table.takeDue(now).length;
      }),
    };
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

const STATSD: StatsdReceiverSettings = {
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
};

clockStepContract('series of StatsD that nothing comes for', {
  limitMs: 60_000,
  countMax: 61,
  start: async (clock) => {
    const appender = new RecordingAppender();
    const settings = { ...STATSD, isCumulative: true, expireMs: 1_200_000 };
    const table = new StatsdTable(settings, appender, () => 0.5);
    const line = parseLine('a:1|c', true);
    if (typeof line !== 'string') table.take(line, readMoment(clock));
    let count = 0;
    return {
      count: () => count,
      ...repeat(clock, async () => {
        await table.flush(readMoment(clock), () => undefined);
        count += appender.take().filter((text) => !text.includes('stale')).length;
      }),
    };
  },
});

clockStepContract('intervals of StatsD', {
  limitMs: 60_000,
  countMax: 2,
  start: async (clock) => {
    const appender = new RecordingAppender();
    const receiver = new StatsdReceiver(STATSD, {
      world: createWorld({ clock }),
      openAppender: () => appender,
    });
    await receiver.start();
    return { count: () => appender.commits, stop: () => receiver.stop(100) };
  },
});
