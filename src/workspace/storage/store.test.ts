import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { componentContract } from '../../../test/contracts/component.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { Registry } from '../../kernel/metrics.ts';
import { ConfigError, RecoverableError } from '../../kernel/errors.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { encodeLabels } from '../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../wire/remote-write/encoder.ts';
import { WireError } from '../../wire/errors.ts';
import { compress } from '../../wire/snappy.ts';
import { Store, STORE_DEFAULTS, type StoreOptions } from './store.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createWorld } from '../../../test/kit/world.ts';

const root = temporaryFolder({ after });

let nextDirectory = 0;
function newDirectory(): string {
  return join(root, String(nextDirectory++));
}

const T = 1_700_000_000_000;

function open(
  directory: string,
  more: Partial<StoreOptions> = {},
): { store: Store; clock: VirtualClock; metrics: Registry; lines: readonly string[] } {
  const world = createWorld({ clock: new VirtualClock(T) });
  const { clock, metrics, lines } = world;
  const store = new Store({ ...STORE_DEFAULTS, directory, ...more }, world);
  return { store, clock, metrics, lines };
}

type Sample = [labels: Record<string, string>, tMs: number, value: number | 'stale'];

function bodyOf(samples: readonly Sample[]): Uint8Array {
  const encoder = new WriteRequestEncoder();
  for (const [labels, tMs, value] of samples) {
    const encoded = encodeLabels(makeLabelSet(labels));
    if (value === 'stale') encoder.appendStale(encoded, tMs);
    else encoder.append(encoded, tMs, value);
  }
  return compress(encoder.bytes());
}

function readAll(store: Store): [string, number[], string[]][] {
  return store
    .select([{ name: '__name__', op: '!=', value: '' }], -Infinity, Infinity)
    .map(({ labels, timestampsMs, values }) => [
      labels.map(({ name, value }) => `${name}=${value}`).join(','),
      [...timestampsMs].map((time) => time - T),
      [...new Uint32Array(values.buffer, values.byteOffset, values.length * 2)].flatMap(
        (word, i, words) =>
          i % 2 === 0 ? [`${words[i + 1]!.toString(16)}:${word.toString(16)}`] : [],
      ),
    ]);
}

componentContract('the store', () => open(newDirectory()).store);

test('what was acknowledged is there after a seal and a restart, bit by bit', async () => {
  const directory = newDirectory();
  const first = open(directory);
  await first.store.start();
  await first.store.write(
    bodyOf([
      [{ __name__: 'a', x: '1' }, T, 1.5],
      [{ __name__: 'a', x: '1' }, T + 5_000, 'stale'],
      [{ __name__: 'b' }, T, -0],
    ]),
  );
  const written = readAll(first.store);
  assert.deepEqual(written, [
    ['__name__=a,x=1', [0, 5_000], ['3ff80000:0', '7ff00000:2']],
    ['__name__=b', [0], ['80000000:0']],
  ]);
  await first.store.stop();
  const second = open(directory);
  await second.store.start();
  assert.deepEqual(readAll(second.store), written);
  await second.store.write(bodyOf([[{ __name__: 'a', x: '1' }, T + 10_000, 3]]));
  assert.deepEqual(readAll(second.store)[0]![1], [0, 5_000, 10_000]);
  await second.store.stop();
});

test('samples out of order within the window fall into place, also behind a seal; others are refused by reason and counted', async () => {
  const { store, clock, metrics } = open(newDirectory(), {
    outOfOrderWindowMs: 60_000,
    tidyIntervalMs: 1_000,
    sealAfterMs: 0,
  });
  await store.start();
  const a = { __name__: 'a' };
  await store.write(
    bodyOf([
      [a, T, 1],
      [a, T + 30_000, 3],
    ]),
  );
  await clock.advance(2_000);
  const result = await store.write(
    bodyOf([
      [a, T + 20_000, 2],
      [a, T + 20_000, 2],
      [a, T + 20_000, 9],
      [a, T - 60_000, 0],
      [a, T + 900_000, 9],
      [{ x: 'no name' }, T, 1],
    ]),
  );
  assert.equal(result.stored, 1);
  assert.deepEqual(Object.fromEntries(result.rejected), {
    'new-value-for-timestamp': 1,
    'sample-too-old': 1,
    'too-far-in-future': 1,
    missing_metric_name: 1,
  });
  assert.match(
    result.firstRejection!,
    /new-value-for-timestamp: timestamp 2023-11-14T22:13:40.000Z, series \{__name__="a"}/,
  );
  assert.deepEqual(readAll(store)[0]![1], [0, 20_000, 30_000]);
  assert.match(metrics.expose(), /workspace_samples_rejected_total\{reason="sample-too-old"} 1/);
  await store.stop();
});

test('series beyond the limit are refused, known ones are not', async () => {
  const { store } = open(newDirectory(), { seriesMax: 1, labelsMax: 2 });
  await store.start();
  const result = await store.write(
    bodyOf([
      [{ __name__: 'a' }, T, 1],
      [{ __name__: 'b' }, T, 1],
      [{ __name__: 'a' }, T + 1, 1],
      [{ __name__: 'a', x: '1', y: '2' }, T, 1],
    ]),
  );
  assert.deepEqual(Object.fromEntries(result.rejected), {
    per_user_series_limit: 1,
    max_label_names_per_series: 1,
  });
  assert.equal(result.stored, 2);
  await store.stop();
});

test('what is older than the retention goes, and its series with it', async () => {
  const { store, clock } = open(newDirectory(), { retentionMs: 10_000, tidyIntervalMs: 1_000 });
  await store.start();
  await store.write(bodyOf([[{ __name__: 'old' }, T, 1]]));
  await clock.advance(8_000);
  await store.write(bodyOf([[{ __name__: 'new' }, T + 8_000, 1]]));
  assert.equal(store.selectLabelSets([], -Infinity, Infinity).length, 2);
  await clock.advance(5_000);
  assert.deepEqual(
    readAll(store).map(([labels]) => labels),
    ['__name__=new'],
  );
  assert.equal(store.selectLabelSets([], -Infinity, Infinity).length, 1);
  await store.stop();
});

test('a clock that is set forth deletes nothing', async () => {
  const options = { retentionMs: 10_000, tidyIntervalMs: 1_000 };
  const { store, clock } = open(newDirectory(), options);
  await store.start();
  await store.write(bodyOf([[{ __name__: 'a' }, T, 1]]));
  clock.step(86_400_000);
  await clock.advance(8_000);
  assert.equal(readAll(store).length, 1);
  await clock.advance(5_000);
  assert.equal(readAll(store).length, 0, 'its time passes as ever');
  await store.stop();
});

test('selectors match as Prometheus says, the empty value meaning absence', async () => {
  const { store } = open(newDirectory());
  await store.start();
  await store.write(
    bodyOf([
      [{ __name__: 'a', x: '1' }, T, 1],
      [{ __name__: 'a', x: '2' }, T, 1],
      [{ __name__: 'a' }, T, 1],
      [{ __name__: 'b', x: '1' }, T, 1],
    ]),
  );
  const select = (...matchers: [string, '=' | '!=' | '=~' | '!~', string][]): number =>
    store.select(
      matchers.map(([name, op, value]) => ({ name, op, value })),
      T - 1,
      T,
    ).length;
  assert.equal(select(['__name__', '=', 'a']), 3);
  assert.equal(select(['__name__', '=', 'a'], ['x', '=', '']), 1);
  assert.equal(select(['__name__', '=', 'a'], ['x', '!=', '']), 2);
  assert.equal(select(['x', '=~', '1|2']), 3);
  assert.equal(select(['__name__', '=~', 'a|b'], ['x', '!~', '1']), 2);
  assert.equal(select(['nosuch', '=', 'x']), 0);
  await store.stop();
});

test('a second process on the same folder is refused with a remedy', async () => {
  const directory = newDirectory();
  const first = open(directory).store;
  await first.start();
  await assert.rejects(
    async () => open(directory).store.start(),
    (error) => error instanceof ConfigError && /--storage.path/.test(error.message),
  );
  await first.stop();
});

test('a sample that comes again after its chunk was sealed is a duplicate, with another value it is refused', async () => {
  const { store, clock } = open(newDirectory(), { tidyIntervalMs: 1_000, sealAfterMs: 0 });
  await store.start();
  const a = { __name__: 'a' };
  await store.write(
    bodyOf([
      [a, T, 1],
      [a, T + 1_000, 'stale'],
    ]),
  );
  await clock.advance(2_000);
  const result = await store.write(
    bodyOf([
      [a, T, 1],
      [a, T + 1_000, 'stale'],
      [a, T + 1_000, 2],
      [a, T + 500, 3],
    ]),
  );
  assert.equal(result.stored, 1);
  assert.deepEqual(Object.fromEntries(result.rejected), { 'new-value-for-timestamp': 1 });
  assert.deepEqual(readAll(store)[0]![1], [0, 500, 1_000]);
  await store.stop();
});

test('a malformed body stores nothing, not even the series before the fault', async () => {
  const { store } = open(newDirectory());
  await store.start();
  const message = new WriteRequestEncoder();
  message.append(encodeLabels(makeLabelSet({ __name__: 'a' })), T, 1);
  const cut = compress(Uint8Array.from([...message.bytes(), 0x0a, 0x7f]));
  await assert.rejects(store.write(cut), (error) => error instanceof WireError);
  assert.deepEqual(store.selectLabelSets([], -Infinity, Infinity), []);
  await store.stop();
});

test('a series begins with its first good sample, not with a refused one', async () => {
  const { store } = open(newDirectory(), { retentionMs: 3_600_000 });
  await store.start();
  const result = await store.write(
    bodyOf([
      [{ __name__: 'early' }, T - 3_600_001, 1],
      [{ __name__: 'late' }, T + 600_001, 1],
    ]),
  );
  assert.deepEqual(Object.fromEntries(result.rejected), {
    greater_than_max_sample_age: 1,
    'too-far-in-future': 1,
  });
  assert.deepEqual(store.selectLabelSets([], -Infinity, Infinity), []);
  await store.stop();
});

test('unsealed samples are sealed at their limit, and read on across chunk and head', async () => {
  const { store, metrics } = open(newDirectory(), { unsealedSamplesMax: 600 });
  await store.start();
  const samples = Array.from({ length: 500 }, (_, i): Sample => [{ __name__: 'a' }, T + i, i]);
  await store.write(bodyOf(samples));
  assert.match(metrics.expose(), /workspace_unsealed_samples 500/);
  await store.write(bodyOf(samples.slice(0, 100).map(([a, t, v]): Sample => [a, t + 500, v])));
  assert.match(metrics.expose(), /workspace_unsealed_samples 0/);
  await store.write(bodyOf([[{ __name__: 'a' }, T + 600, 7]]));
  const all = [{ name: '__name__', op: '=', value: 'a' }] as const;
  const times = (from: number, to: number): number[] =>
    [...store.select(all, T + from, T + to)[0]!.timestampsMs].map((t) => t - T);
  assert.deepEqual(
    times(-1, 1_000),
    Array.from({ length: 601 }, (_, i) => i),
  );
  assert.deepEqual(times(478, 482), [479, 480, 481, 482]);
  assert.deepEqual(times(598, 600), [599, 600]);
  await store.stop();
});

test('a store that has stopped asks for the request again', async () => {
  const { store } = open(newDirectory());
  await store.start();
  const write = store.write(bodyOf([[{ __name__: 'a' }, T, 1]]));
  await store.stop();
  assert.equal((await write).stored, 1);
  await assert.rejects(
    store.write(bodyOf([[{ __name__: 'a' }, T, 1]])),
    (error) => error instanceof RecoverableError,
  );
});

test('bug: a folder that is deleted while in use is made anew, with all that was stored', async () => {
  const directory = newDirectory();
  const { store, clock, lines } = open(directory);
  await store.start();
  await store.write(bodyOf([[{ __name__: 'a' }, T, 1]]));
  await clock.advance(3 * 3_600_000);
  await store.write(bodyOf([[{ __name__: 'b' }, T + 1, 2]]));
  const before = readAll(store);
  rmSync(directory, { recursive: true });
  await store.write(bodyOf([[{ __name__: 'b' }, T + 2, 3]]));
  await clock.advance(60_000);
  assert.ok(lines.some((line) => /level=error.*was deleted while in use/.test(line)));
  await store.write(bodyOf([[{ __name__: 'b' }, T + 3, 4]]));
  const written = readAll(store);
  assert.equal(written.length, before.length);
  await store.stop();
  const second = open(directory);
  await second.store.start();
  assert.deepEqual(readAll(second.store), written);
  await second.store.stop();
});

test('a file of another process in the place of the store is left alone, and that is said', async () => {
  const directory = newDirectory();
  const { store, clock, lines } = open(directory);
  await store.start();
  renameSync(directory, `${directory}-away`);
  const other = open(directory);
  await other.store.start();
  await other.store.write(bodyOf([[{ __name__: 'a' }, T, 1]]));
  await clock.advance(600_000);
  const said = lines.filter((line) => line.includes('no name leads to the file'));
  assert.equal(said.length, 10);
  await store.stop();
  assert.ok(existsSync(join(directory, 'workspace.sqlite')));
  assert.equal(readAll(other.store).length, 1);
  await other.store.stop();
});
