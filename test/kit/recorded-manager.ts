/** A scrape manager on virtual time over pages that a function answers, for tests: what its targets commit is text. */
import { VirtualClock } from '../../src/kernel/clock.ts';
import type { ClientRequest } from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import { ScrapeManager } from '../../src/scrape/manager.ts';
import { RecordingAppender } from './recording-appender.ts';

export interface RecordedManager {
  readonly clock: VirtualClock;
  readonly metrics: Registry;
  readonly manager: ScrapeManager;
  readonly appenders: readonly RecordingAppender[];
  /** What was committed since the last look. */
  readonly take: () => string[];
}

export interface RecordedManagerOptions {
  readonly answer: (request: ClientRequest) => string | Promise<string>;
  readonly clock?: VirtualClock;
  readonly offsetSeed?: string;
}

export async function startRecordedManager({
  answer,
  clock = new VirtualClock(1_700_000_000_000),
  offsetSeed = '',
}: RecordedManagerOptions): Promise<RecordedManager> {
  const metrics = new Registry();
  const appenders: RecordingAppender[] = [];
  const manager = new ScrapeManager({
    world: {
      clock,
      metrics,
      log: silentLogger,
      http: {
        send: async (request) => ({
          status: 200,
          headers: { 'content-type': 'text/plain; version=0.0.4' },
          body: Buffer.from(await answer(request)),
        }),
        close: () => Promise.resolve(),
      },
    },
    userAgent: 'test/1',
    offsetSeed,
    turnShareMs: 10_000,
    openAppender: () => {
      const appender = new RecordingAppender();
      appenders.push(appender);
      return appender;
    },
  });
  await manager.start();
  const take = (): string[] => appenders.flatMap((one) => one.take());
  return { clock, metrics, manager, appenders, take };
}
