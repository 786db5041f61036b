import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readWhole } from '../../../test/kit/emf-events.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { momentAt } from '../../../test/kit/moment.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { Differences } from './differences.ts';
import { DifferencesJournal } from './differences-journal.ts';

const T0 = 1_700_000_000_000;

function openBench(context: TestContext) {
  const path = join(temporaryFolder(context), 'increases.journal');
  const errors: unknown[] = [];
  let gone = 0;
  const onGone = (): void => void (gone += 1);
  /** One run of the process; it ends as a killed one does, where nobody closes its journal. */
  const run = async (hasChunk = (_commit: number): boolean => false, nowMs = T0) => {
    const differences = new Differences(
      { retainsInitialValue: false, onUnsent: () => undefined },
      nowMs,
    );
    const onError = (error: unknown): void => void errors.push(error);
    const options = { path, differences, onError, onDamage: onError, onGone };
    const journal = await DifferencesJournal.open(options, hasChunk, momentAt(nowMs));
    /** Reads series 0 to `values.length`. @returns  the increases and the commit */
    const read = (at: number, values: readonly number[]) => {
      const points = values.map((value, index) => ({
        attributes: makeLabelSet({ path: String(index) }),
        tMs: T0 + at,
        startMs: undefined,
        isStale: false,
        exemplars: [],
        value,
      }));
      const data = { kind: 'sum', isMonotonic: true, isDelta: false, points } as const;
      const one = { name: 'c', description: '', unit: '', type: 'counter', data } as const;
      const { metrics, changed } = readWhole(differences, 't', [{ resource: [], metrics: [one] }], {
        now: momentAt(T0),
      });
      const commit = journal.write(changed);
      const sent = metrics.flatMap((all) =>
        all.metrics.flatMap(({ data: own }) =>
          own.points.map((point) => (point as { value: number }).value),
        ),
      );
      return { sent, commit };
    };
    return { differences, journal, read };
  };
  return { run, path, errors, goneCount: () => gone };
}

test('a killed process goes on from the last totals', async (context) => {
  const { run } = openBench(context);
  const first = await run();
  first.read(0, [10, 20]);
  first.journal.mark();
  assert.deepEqual(first.read(1, [11, 25]).sent, [1, 5]);
  first.journal.mark();
  const second = await run();
  assert.deepEqual(second.read(2, [14, 25]).sent, [3, 0]);
});

test('a commit whose chunk did not reach the queue counts with the next reading', async (context) => {
  const { run } = openBench(context);
  const first = await run();
  first.read(0, [10]);
  first.journal.mark();
  first.read(1, [15]);
  const second = await run(() => false);
  assert.deepEqual(second.read(2, [16]).sent, [6]);
});

test('a commit whose chunk is the newest of the queue is not counted again', async (context) => {
  const { run } = openBench(context);
  const first = await run();
  first.read(0, [10]);
  const { commit } = first.read(1, [15]);
  const second = await run((asked) => asked === commit);
  assert.deepEqual(second.read(2, [16]).sent, [1]);
});

test('commits are numbered on, so that a chunk of before is none of now', async (context) => {
  const { run } = openBench(context);
  const first = await run();
  const { commit } = first.read(0, [10]);
  const second = await run();
  assert.ok(second.read(1, [11]).commit > commit);
});

test('a line that was not written whole is left out', async (context) => {
  const { run, path } = openBench(context);
  const first = await run();
  first.read(0, [10]);
  first.journal.mark();
  appendFileSync(path, '["c",9,[[1,17000');
  const second = await run();
  assert.deepEqual(second.read(1, [12]).sent, [2]);
});

test('bug: a line that was changed on disk is left out, and said; one that is no list ends nothing', async (context) => {
  const { run, path, errors } = openBench(context);
  const first = await run();
  first.read(0, [10]);
  first.journal.mark();
  first.read(1, [15]);
  first.journal.mark();
  await first.journal.close();
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/,15\]/, ',95]'));
  const second = await run();
  assert.match(String(errors), /1 lines of ".*" are damaged/);
  assert.deepEqual(second.read(2, [15]).sent, [5], 'as of the commit before');
  await second.journal.close();
  writeFileSync(path, '{"format":1,"since":1}\n["c",1,null]\n["c",2]\n["m"]\n');
  await run();
});

test('bug: each byte of the file may have been changed: what is left out is said', async (context) => {
  const { run, path, errors } = openBench(context);
  const first = await run();
  first.read(0, [10, 20]);
  first.journal.mark();
  first.read(1, [15, 20]);
  first.journal.mark();
  await first.journal.close();
  const bytes = readFileSync(path);
  // Without its last newline it is the file of a process that was killed while it wrote.
  for (let at = 0; at < bytes.length - 1; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    writeFileSync(path, changed);
    errors.length = 0;
    const next = await run();
    assert.equal(errors.length, 1, `byte ${at}: ${errors.join()}`);
    await next.journal.close();
  }
});

test('bug: a file that is empty, too, and one that is no file', async (context) => {
  const { run, path, errors } = openBench(context);
  await (await run()).journal.close();
  assert.deepEqual(errors, [], 'none is there at first');
  writeFileSync(path, '');
  await (await run()).journal.close();
  assert.match(String(errors), /has no whole line/);
  errors.length = 0;
  rmSync(path);
  mkdirSync(path);
  mkdirSync(`${path}.new`);
  await (await run()).journal.close();
  assert.match(String(errors[0]), /is no regular file/);
});

test('counters that began before the first run count as known after a restart', async (context) => {
  const { run } = openBench(context);
  await run();
  const second = await run(() => false, T0 + 5_000);
  assert.equal(second.differences.sinceMs, T0);
});

test('a file that has grown is written anew, while commits go on', async (context) => {
  const { run, path } = openBench(context);
  const first = await run();
  const many = Array.from({ length: 5_000 }, (_, index) => index);
  let values = many;
  first.read(0, values);
  first.journal.mark();
  let largest = 0;
  for (let at = 1; at < 120; at++) {
    values = values.map((value) => value + 1);
    first.read(at, values);
    first.journal.mark();
    largest = Math.max(largest, statSync(path).size);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await first.journal.close();
  assert.ok(statSync(path).size < largest, `${statSync(path).size} of ${largest}`);
  assert.ok(largest < 8 * 1024 * 1024, String(largest));
  assert.match(readFileSync(path, 'utf8'), /^\{"format":2,"since":\d+\} [0-9a-f]{8}\n/);
  const second = await run();
  assert.deepEqual(new Set(second.read(500, values).sent), new Set([0]));
});

const losses: Readonly<Record<string, (path: string) => void>> = {
  deleted: (path) => rmSync(path),
  replaced: (path) => {
    rmSync(path);
    writeFileSync(path, 'of somebody else');
  },
};

for (const [what, undo] of Object.entries(losses))
  test(`bug: a file that is ${what} while in use is written anew with all totals, and it is said`, async (context) => {
    const { run, path, goneCount } = openBench(context);
    const first = await run();
    first.read(0, [10, 20]);
    first.journal.mark();
    first.journal.look();
    undo(path);
    assert.deepEqual(first.read(1, [11, 25]).sent, [1, 5]);
    first.journal.mark();
    first.journal.look();
    assert.equal(goneCount(), 0, 'the second look decides');
    first.journal.look();
    assert.equal(goneCount(), 1);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    first.journal.look();
    first.journal.look();
    assert.equal(goneCount(), 1);
    const second = await run();
    assert.deepEqual(second.read(2, [14, 25]).sent, [3, 0]);
  });
