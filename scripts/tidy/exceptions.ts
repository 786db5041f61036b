/**
 * Exceptions from the tidy checks, each with its reason. A list can only shrink: an exception that
 * is no longer needed is itself a breach.
 */

/** File → why it has more than 400 lines. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  'src/queue/queue.test.ts': 'one case for each promise of the queue',
  'src/workspace/api/api.test.ts': 'queries, lists and writes, to be split by these',
  'test/remote-write.test.ts': 'ways in and out, to be split by these',
  'test/simulation/remote-write.test.ts': 'the world and its lives, to be split',
};

/** Name → how many files of src export it, and why. */
export const SHARED_NAMES: Readonly<Record<string, { files: number; why: string }>> = {};

/** File or folder → why spans are measured by the wall clock there. */
export const WALL_SPANS: Readonly<Record<string, string>> = {
  'src/aws/': 'credentials and signatures end at a time that AWS gave',
  'src/commands/collect/status-page.ts': 'ages that are shown',
  'src/commands/demo/': 'the range of a query',
  'src/commands/xray/log-lines.ts': 'local time',
  'src/delivery/age.ts': 'ages of what an earlier process may have put into a queue',
  'src/discovery/ecs/discovery.ts': 'the age of a file that an earlier process may have written',
  'src/discovery/ecs/snapshots.ts': 'the age of a file that an earlier process may have written',
  'src/emulator/': 'the clock of the AWS that is emulated',
  'src/kernel/clock.ts': 'the clock of tests is made of both',
  'src/kernel/clock-watch.ts': 'compares the wall clock with elapsed time',
  'src/page/traces/': 'the time of day in a browser',
  'src/proxy/proxy.ts': 'by how much the clock of AWS differs',
  'src/queue/entry.ts': 'compares the wall clock with elapsed time',
  'src/scrape/grid.ts': 'the grid is of the wall clock; steps of it are found and left out',
  'src/scrape/loop.ts': 'two samples of one millisecond are told apart',
  'src/scrape/schedule.ts': 'the grid is of the wall clock; steps of it are found and left out',
  'src/scrape/target-series.ts': 'timestamps of targets, compared with ours',
  'src/sharding/agreement.ts': 'when another machine read a list',
  'src/sharding/membership.ts': 'when another machine read a list',
  'src/sinks/emf/differences.ts': 'timestamps of points, compared with ours',
  'src/sinks/otlp-file/dated-file.ts': 'the age of files',
  'src/sinks/requests/authenticate.ts': 'by how much the clock of AWS differs',
  'src/wire/emf/validate.ts': 'timestamps, compared with ours',
  'src/statsd/table.ts': 'two flushes that follow at once need two times',
  'src/workspace/rules/': 'the time that a rule is evaluated at',
  'src/workspace/storage/': 'retention by timestamps',
};
