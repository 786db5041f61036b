import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecoverableError } from '../../kernel/errors.ts';
import { createLogger } from '../../kernel/logger.ts';
import { useDaemonLevels } from './log.ts';
import { formatDaemonLine } from './log-lines.ts';

const NOW_MS = Date.UTC(2026, 10, 26, 16, 0, 0, 999);

/** Formats with another time zone of the process. */
function inZone(zone: string, run: () => void): void {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    run();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

test('a line has local time with its offset, or Z, and the level as the daemon writes it', () => {
  inZone('UTC', () => {
    assert.equal(formatDaemonLine(NOW_MS, 'info', 'a', {}), '2026-11-26T16:00:00Z [Info] a');
    assert.equal(formatDaemonLine(NOW_MS, 'debug', 'a', {}), '2026-11-26T16:00:00Z [Debug] a');
    assert.equal(formatDaemonLine(NOW_MS, 'warn', 'a', {}), '2026-11-26T16:00:00Z [Warn] a');
    assert.equal(formatDaemonLine(NOW_MS, 'error', 'a', {}), '2026-11-26T16:00:00Z [Error] a');
  });
  inZone('America/St_Johns', () =>
    assert.match(formatDaemonLine(NOW_MS, 'info', 'a', {}), /^2026-11-26T12:30:00-03:30 /),
  );
  inZone('Asia/Kolkata', () =>
    assert.match(formatDaemonLine(NOW_MS, 'info', 'a', {}), /^2026-11-26T21:30:00\+05:30 /),
  );
});

const say = (event: string, fields: Record<string, unknown> = {}): string =>
  formatDaemonLine(NOW_MS, 'info', event, fields).replace(/^\S+ /, '');

test('a failed request has the words that people search for', () => {
  const error = new RecoverableError('SINK_UNAVAILABLE', 'connect ECONNREFUSED');
  const fields = { error, items: 3, wait_ms: 30.2, attempt: 1, sink: 'xray/x' };
  assert.equal(
    say('delivery failed; it is tried again', { ...fields, held_back: 4 }),
    '[Info] Sending segment batch failed with: connect ECONNREFUSED [SINK_UNAVAILABLE] ' +
      '(3 segments are sent again in 31 ms) (4 such lines were held back)',
  );
});

test('a signal has its name in Go', () => {
  assert.equal(say('stopping', { signal: 'SIGTERM' }), '[Info] Got shutdown signal: terminated');
  assert.equal(say('stopping', { signal: 'SIGINT' }), '[Info] Got shutdown signal: interrupt');
});

test('other events keep their words, with their fields; control characters are escaped', () => {
  assert.equal(
    say('queue resumes', { items: 3, what: 'a b', no: undefined }),
    '[Info] queue resumes items=3 what="a b"',
  );
  assert.equal(say('a\nb \u001B[31m'), '[Info] a\\nb \\u001b[31m');
});

test('answers of X-Ray have the words that people count', () => {
  const answered = { sink: 'xray/x', documents: 50, unprocessed: 0, seconds: 0.02149 };
  assert.equal(
    say('X-Ray has answered', answered),
    '[Info] Successfully sent batch of 50 segments (0.021 seconds)',
  );
  assert.equal(
    say('X-Ray has answered', { ...answered, unprocessed: 3 }),
    '[Info] Sent batch of 50 segments but had 3 Unprocessed segments (0.021 seconds)',
  );
  assert.equal(
    say('the receiver refused items; they are dropped', {
      items: 2,
      reason: 'invalid_id',
      owners: 'shop',
      answer: 'InvalidId "bad id"',
    }),
    '[Info] Unprocessed segment: InvalidId "bad id" (2 segments of shop are lost: invalid_id)',
  );
});

test('levels are those of the daemon: a failed request is an error, an answered one is told', () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line.replace(/^\S+ /, ''));
  const log = useDaemonLevels(createLogger({ level: 'info', format: formatDaemonLine, write }));
  const own = log.with({ sink: 'xray/x' }).unlimited();
  own.warn('delivery failed; it is tried again', { error: 'no', items: 1, wait_ms: 1 });
  own.warn('something else');
  own.debug('X-Ray has answered', { documents: 1, unprocessed: 0, seconds: 1 });
  own.debug('something else');
  assert.deepEqual(
    lines.map((line) => line.split(' ', 2).join(' ')),
    ['[Error] Sending', '[Warn] something', '[Info] Successfully'],
  );
});
