import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { createCheckEmfCommand } from './emf.ts';

suite('check emf', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'amperage-'))));
  afterEach(() => {
    process.exitCode = undefined;
    rmSync(folder, { recursive: true });
  });

  const good = {
    _aws: {
      Timestamp: 1,
      CloudWatchMetrics: [{ Namespace: 'n', Dimensions: [['d']], Metrics: [{ Name: 'm' }] }],
    },
    d: 'v',
    m: 1,
  };

  async function check(text: string, ...flags: string[]): Promise<string> {
    const file = path.join(folder, 'events.jsonl');
    writeFileSync(file, text);
    let written = '';
    const command = createCheckEmfCommand((more) => void (written += more)).exitOverride();
    const ran = command.parseAsync([file, ...flags], { from: 'user' });
    const failure: unknown = await ran.then(
      () => undefined,
      (error: unknown) => error,
    );
    const end =
      failure === undefined ? '' : `${failure instanceof Error ? failure.message : '?'}\n`;
    return written.replaceAll(file, 'events.jsonl') + end;
  }

  test('valid events are counted', async () => {
    const line = JSON.stringify(good);
    assert.equal(await check(`${line}\n\n${line}`), 'events.jsonl: 2 events, 0 faults\n');
    assert.equal(process.exitCode, undefined);
  });

  test('faults have file and line, and fail', async () => {
    const text = `${JSON.stringify(good)}\n${JSON.stringify({ ...good, m: 'x' })}\nnone\u001b\n`;
    const lines = (await check(text)).split('\n');
    assert.equal(
      lines[0],
      'events.jsonl:2: _aws.CloudWatchMetrics[0].Metrics[0].Name "m" has a value that is no ' +
        'number, array of numbers or statistic set',
    );
    assert.match(lines[1] ?? '', /^events\.jsonl:3: the event is no JSON/);
    assert.ok(!lines[1]?.includes('\u001b'));
    assert.equal(lines[2], 'events.jsonl: 3 events, 2 faults');
    assert.equal(lines[3], '2 faults in events of the embedded metric format');
  });

  test('an event that names no metrics is a remark with a status of its own', async () => {
    assert.equal(
      await check('{"level":"info"}\n'),
      'events.jsonl:1: no metric is made of it, as it names none in "_aws"\n' +
        'events.jsonl: 1 event, 1 without metrics, 0 faults\n',
    );
    assert.equal(process.exitCode, 3);
  });

  test('a line above 1 MB is a fault, and the next line is read', async () => {
    const large = JSON.stringify({ ...good, x: 'x'.repeat(1_100_000) });
    const text = `${large}\n${JSON.stringify(good)}`;
    const lines = (await check(text)).split('\n');
    assert.equal(lines[0], 'events.jsonl:1: an event has at most 1048576 bytes');
    assert.equal(lines[1], 'events.jsonl: 2 events, 1 fault');
  });

  test('a mark of byte order, CRLF and a missing last newline change nothing', async () => {
    const line = JSON.stringify(good);
    assert.equal(await check(`\ufeff${line}\r\n\r\n${line}`), 'events.jsonl: 2 events, 0 faults\n');
    assert.match(await check(`${line}\n\ufeff${line}`), /:2: the event is no JSON/);
    assert.equal(await check(''), 'events.jsonl: 0 events, 0 faults\n');
  });

  test('bytes that are no text are faults', async () => {
    const lines = (await check('\u0000\u001b[2J\u0007\n')).split('\n');
    assert.match(lines[0] ?? '', /:1: the event is no JSON/);
    assert.ok(!lines.join('').includes('\u001b'));
  });

  test('a folder is said', async () => {
    const command = createCheckEmfCommand(() => undefined).exitOverride();
    await assert.rejects(command.parseAsync([folder], { from: 'user' }), /cannot read/);
  });

  test('timestamps are looked at when that is asked for', async () => {
    const line = JSON.stringify(good);
    assert.match(await check(line, '--timestamps'), /Timestamp is more than 14 days ago/);
  });

  test('faults that are printed are bounded, and all are counted', async () => {
    const lines = (await check('x\n'.repeat(1_500))).split('\n');
    assert.equal(lines.length, 1_000 + 4);
    assert.deepEqual(lines.slice(1_000), [
      'events.jsonl: 1500 events, 1500 faults',
      '500 more are not shown',
      '1500 faults in events of the embedded metric format',
      '',
    ]);
  });

  test('a file that is not there is said', async () => {
    const command = createCheckEmfCommand(() => undefined).exitOverride();
    await assert.rejects(
      command.parseAsync([path.join(folder, 'none')], { from: 'user' }),
      /cannot read ".*none"; give a file of events/,
    );
  });
});
