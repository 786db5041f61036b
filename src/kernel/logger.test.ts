import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from './clock.ts';
import { createAdjustableLogger, createLogger, type LogFormat } from './logger.ts';

function capture(
  format: LogFormat,
  repeatMax = 10,
): { lines: string[]; clock: VirtualClock; log: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  const clock = new VirtualClock(Date.parse('2026-01-02T03:04:05.006Z'));
  const log = createLogger({ format, clock, write: (line) => lines.push(line), repeatMax });
  return { lines, clock, log };
}

test('logfmt quotes what needs quotes and keeps control characters out', () => {
  const { lines, log } = capture('logfmt');
  log
    .with({ job: 'ecs' })
    .info('scrape failed', { error: new Error('bad "x"\u001B[31m'), count: 3, none: undefined });
  assert.deepEqual(lines, [
    'time=2026-01-02T03:04:05.006Z level=info msg="scrape failed" job=ecs error="bad ' +
      '\\"x\\"\\u001b[31m" count=3',
  ]);
});

test('no format lets through a control character that JSON does not escape', () => {
  for (const format of ['logfmt', 'json', 'pretty'] as const) {
    const { lines, log } = capture(format);
    log.info('taken', { error: '\u009B31m\u007F' });
    const escaped = '\\u009b31m\\u007f"';
    assert.ok(lines[0]!.includes(escaped), `${format}: ${lines[0]}`);
  }
});

test('json lines are objects with the same keys', () => {
  const { lines, log } = capture('json');
  log.warn('slow', { ms: 5 });
  assert.deepEqual(JSON.parse(lines[0]!), {
    time: '2026-01-02T03:04:05.006Z',
    level: 'warn',
    msg: 'slow',
    ms: 5,
  });
});

test('pretty lines carry time, event and fields', () => {
  const { lines, log } = capture('pretty');
  log.error('down', { url: 'http://x' });
  assert.match(lines[0]!, /03:04:05.*✗.*down.*url=http:\/\/x/);
});

test('lines below the level are not written', () => {
  const { lines, log } = capture('logfmt');
  log.debug('detail');
  assert.equal(lines.length, 0);
});

test('repeats of one event are held back, and their number is said in the next window', async () => {
  const { lines, clock, log } = capture('logfmt', 2);
  for (let i = 0; i < 5; i++) log.warn('target down', { target: `t${i}` });
  log.warn('another event');
  assert.equal(lines.length, 3);
  await clock.advance(60_000);
  log.warn('target down');
  assert.match(lines.at(-1)!, /held_back=3/);
});

test('of equal warnings one is written a minute, whatever their numbers; others come through', async () => {
  const { lines, clock, log } = capture('logfmt');
  for (let second = 0; second <= 600; second++) {
    log.warn('a receiver is down', { to: 'a', error: new Error('refused'), attempt: second });
    if (second === 5) log.warn('a receiver is down', { to: 'b', attempt: 1 });
    if (second < 600) await clock.advance(1_000);
  }
  const of = (to: string): string[] => lines.filter((line) => line.includes(` to=${to} `));
  assert.equal(of('a').length, 11);
  assert.match(of('a')[1]!, /attempt=60 held_back=59$/);
  assert.equal(of('b').length, 1);
});

test('lines that are not warnings are not held back for being equal', () => {
  const { lines, log } = capture('logfmt');
  for (let i = 0; i < 12; i++) log.info('configuration reloaded', { source: 'a' });
  assert.equal(lines.length, 10);
});

test('what is remembered of lines is bounded, and a flood of others does not reset a limit', async () => {
  const { lines, clock, log } = capture('logfmt');
  for (let i = 0; i < 5_000; i++) {
    log.warn('a request was refused', { path: `/${i}` });
    if (i % 1_000 === 0) await clock.advance(1_000);
  }
  assert.equal(lines.length, 10);
});

test('a logger that is adjusted changes all that was made of it, and back', () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line.replace(/time=\S+ /, ''));
  const { log, adjust } = createAdjustableLogger({ write, format: 'logfmt' });
  const own = log.with({ part: 'x' });
  own.debug('first');
  adjust({ write, format: 'logfmt', level: 'debug', fields: { app: 'a' }, repeatMax: 1 });
  own.debug('second');
  own.debug('second');
  adjust({ write, format: 'logfmt' });
  own.debug('third');
  own.info('fourth');
  assert.deepEqual(lines, ['level=debug msg=second app=a part=x', 'level=info msg=fourth part=x']);
});

test('pretty lines have colors, and with NO_COLOR none', (context) => {
  const before = process.env['NO_COLOR'];
  context.after(() => {
    if (before === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = before;
  });
  const say = (value: string): string => {
    process.env['NO_COLOR'] = value;
    const { lines, log } = capture('pretty');
    log.warn('slow', { ms: 5 });
    return lines[0]!;
  };
  const colored = '\u001B[2m03:04:05\u001B[0m \u001B[33m!\u001B[0m slow  \u001B[2mms=5\u001B[0m';
  assert.equal(say(''), colored);
  assert.equal(say('1'), '03:04:05 ! slow  ms=5');
});

test('a session token in an answer of AWS is not logged', () => {
  for (const format of ['pretty', 'logfmt', 'json'] as const) {
    const lines: string[] = [];
    const log = createLogger({ format, write: (line) => lines.push(line) });
    const answer = "should have been\n'POST\n/\n\nhost:a\nx-amz-security-token:IQoJb3+/=\n\nhost'";
    log.warn('refused', { answer, url: 'http://a/?X-Amz-Security-Token=IQoJb3%2B&b=1' });
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0] ?? '', /IQoJ/);
    assert.match(lines[0] ?? '', /&b=1/);
  }
});
