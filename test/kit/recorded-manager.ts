/**
 * A scrape manager whose HTTP answers come from a function, on virtual time unless another clock is
 * given. What its targets commit is text (recording-appender.ts).
 */
import type { Clock, VirtualClock } from '../../src/kernel/clock.ts';
import type { ClientRequest, HttpClient } from '../../src/kernel/http-client.ts';
import { ScrapeManager, type ScrapeManagerOptions } from '../../src/scrape/manager.ts';
import { type FakeAnswer, fakeHttp } from './fake-http.ts';
import { RecordingAppender } from './recording-appender.ts';
import { createWorld, type TestWorld } from './world.ts';

export interface RecordedManager<Time extends Clock = VirtualClock> extends TestWorld<Time> {
  readonly manager: ScrapeManager;
  /** The requests that the function answered. */
  readonly requests: readonly ClientRequest[];
  /** In the order in which they were opened. */
  readonly appenders: readonly RecordingAppender[];
  /** What was committed since the last call. */
  readonly take: () => string[];
}

type Given = Partial<Pick<ScrapeManagerOptions, 'offsetSeed' | 'turnShareMs' | 'openHttp'>>;

export interface RecordedManagerOptions<Time extends Clock> extends Given {
  /** By default every target answers `a 1`. */
  readonly answer?: (request: ClientRequest) => FakeAnswer | Promise<FakeAnswer>;
  /** Used in place of `answer`. */
  readonly http?: HttpClient;
  readonly clock?: Time;
  /** Called with each appender as it is opened, and with the key of its target. */
  readonly onOpen?: (key: string, appender: RecordingAppender) => void;
}

export function createRecordedManager(
  options?: RecordedManagerOptions<VirtualClock>,
): RecordedManager;
export function createRecordedManager<Time extends Clock>(
  options: RecordedManagerOptions<Time> & { readonly clock: Time },
): RecordedManager<Time>;
export function createRecordedManager(
  options: RecordedManagerOptions<Clock> = {},
): RecordedManager<Clock> {
  const { answer = () => 'a 1\n', clock, http, onOpen, ...given } = options;
  const fake = fakeHttp(answer);
  const edges = { http: http ?? fake };
  const world = clock === undefined ? createWorld(edges) : createWorld({ ...edges, clock });
  const appenders: RecordingAppender[] = [];
  const manager = new ScrapeManager({
    world,
    userAgent: 'test/1',
    // A high share, so that short lists are taken over within `update` even on a busy machine.
    turnShareMs: 10_000,
    ...given,
    openAppender: (_source, key) => {
      const appender = new RecordingAppender();
      onOpen?.(key, appender);
      appenders.push(appender);
      return appender;
    },
  });
  const take = (): string[] => appenders.flatMap((one) => one.take());
  return { ...world, manager, requests: fake.requests, appenders, take };
}

/** The same as `createRecordedManager`, but started. */
export async function startRecordedManager(
  options?: RecordedManagerOptions<VirtualClock>,
): Promise<RecordedManager> {
  const recorded = createRecordedManager(options);
  await recorded.manager.start();
  return recorded;
}
