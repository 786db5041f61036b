/** A slab against the plain encoder: the same messages, whatever comes and goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownCopy, peek } from '../../../model/borrowed.ts';
import fc from 'fast-check';
import { makeLabelSet } from '../../../model/labels.ts';
import { encodeLabels } from '../../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../../wire/remote-write/encoder.ts';
import type { SlabRun } from './plan-book.ts';
import { SeriesSlab } from './series-slab.ts';

const T0 = 1_700_000_000_000;

function joined(slab: SeriesSlab): Uint8Array {
  return Buffer.concat(Array.from({ length: slab.breakRun() }, (_, i) => ownCopy(slab.run(i))));
}

/** As a commit ends. @returns  in how many slices */
function seal(slab: SeriesSlab): number {
  slab.seal();
  return [...slab.tidy()].length + 1;
}

interface Known {
  readonly labels: Uint8Array;
  readonly startMs: number;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add'), value: fc.nat(300) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('append'), value: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stale'), value: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove'), value: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace'), value: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('all'), value: fc.nat(1_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('seal'), value: fc.nat(3) }) },
);

test('runs are the message that the plain encoder writes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const slab = new SeriesSlab();
      const known = new Map<number, Known>();
      let patched = new Set<number>();
      let expected = new WriteRequestEncoder();
      let tMs = T0;
      const append = (ref: number, value: number): void => {
        const isFresh = !patched.has(ref);
        assert.equal(slab.patch(ref, tMs, value), isFresh);
        const { labels, startMs } = known.get(ref)!;
        if (isFresh) expected.append(labels, tMs, value, startMs);
        patched.add(ref);
      };
      for (const { kind, value } of steps) {
        const refs = [...known.keys()];
        const ref = refs[value % Math.max(1, refs.length)];
        if (kind === 'add') {
          const labels = encodeLabels(makeLabelSet({ __name__: 'a', b: 'x'.repeat(value) }));
          const added = slab.add(labels);
          assert.ok(!known.has(added));
          known.set(added, { labels, startMs: 0 });
          patched.delete(added);
        } else if (kind === 'seal') {
          assert.deepEqual(Buffer.from(joined(slab)), Buffer.from(expected.bytes()));
          seal(slab);
          expected = new WriteRequestEncoder();
          patched = new Set();
          tMs += value * 1_000;
        } else if (kind === 'all') for (const one of refs) append(one, value);
        else if (ref === undefined) continue;
        else if (kind === 'append') append(ref, value / 3);
        else if (kind === 'stale' && !patched.has(ref)) {
          assert.ok(slab.patchStale(ref, tMs));
          expected.appendStale(known.get(ref)!.labels, tMs);
          patched.add(ref);
          // The plain encoder writes no beginning beside a marker.
          if (known.get(ref)!.startMs !== 0) return;
        } else if (kind === 'remove') {
          slab.remove(ref);
          assert.ok(!slab.has(ref));
          known.delete(ref);
        } else if (kind === 'replace') {
          const labels = encodeLabels(makeLabelSet({ __name__: 'c', d: 'y'.repeat(value * 9) }));
          slab.replace(ref, labels, T0 - value);
          known.set(ref, { labels, startMs: T0 - value });
          patched.delete(ref);
        }
      }
      assert.deepEqual(Buffer.from(joined(slab)), Buffer.from(expected.bytes()));
      for (const [ref, { labels }] of known)
        assert.deepEqual(Buffer.from(ownCopy(slab.labelsOf(ref))), Buffer.from(labels));
    }),
    { numRuns: 500 },
  );
});

test('times that need another number of bytes are left to the caller', () => {
  const slab = new SeriesSlab();
  const ref = slab.add(encodeLabels(makeLabelSet({ __name__: 'a' })));
  for (const tMs of [0, -1, 1_000, 2 ** 35 - 1, 2 ** 42])
    assert.equal(slab.patch(ref, tMs, 1), false);
  assert.ok(slab.patch(ref, 2 ** 35, 1));
  slab.seal();
  assert.ok(slab.patch(ref, 2 ** 42 - 1, 1));
  const expected = new WriteRequestEncoder();
  expected.append(ownCopy(slab.labelsOf(ref)), 2 ** 42 - 1, 1);
  assert.deepEqual(Buffer.from(joined(slab)), Buffer.from(expected.bytes()));
});

test('series next to each other are one run, also after others have gone', () => {
  const slab = new SeriesSlab();
  const refs = Array.from({ length: 1_000 }, (_, i) =>
    slab.add(encodeLabels(makeLabelSet({ __name__: 'a', i: String(i) }))),
  );
  const scrape = (list: readonly number[]): number => {
    for (const ref of list) slab.patch(ref, T0, 1);
    const runs = slab.breakRun();
    seal(slab);
    return runs;
  };
  assert.equal(scrape(refs), 1);
  const kept = refs.filter((_, i) => i % 3 === 0);
  for (const ref of refs) if (!kept.includes(ref)) slab.remove(ref);
  assert.ok(scrape(kept) > 1);
  assert.equal(scrape(kept), 1, 'the holes are closed');
});

test('a large slab makes room in slices, and room-making that is given up has no effect', () => {
  const slab = new SeriesSlab();
  const added: Uint8Array[] = [];
  const add = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const labels = encodeLabels(
        makeLabelSet({ __name__: 'a', i: `${added.length}`.padEnd(990) }),
      );
      assert.equal(slab.add(labels), added.length);
      added.push(labels);
    }
  };
  const buffer = (): ArrayBufferLike => peek(slab.labelsOf(0)).buffer;
  assert.deepEqual([...slab.prepare()], [], 'a small one grows at once');
  for (let round = 0; round < 8; round++) {
    add(1_000);
    const given = slab.prepare();
    for (let i = 0; i < round; i++) given.next();
    given.return();
    add(20);
    const before = buffer();
    let slices = 0;
    for (const slice of slab.prepare()) slices += slice === undefined ? 1 : 0;
    if (buffer() !== before) assert.ok(slices >= added.length / 150, `${slices} slices`);
    const ready = buffer();
    add(1_000);
    if (round > 0) assert.equal(buffer(), ready, 'and then nothing is copied');
    for (const [ref, labels] of added.entries())
      assert.deepEqual(Buffer.from(ownCopy(slab.labelsOf(ref))), Buffer.from(labels));
    for (let i = 0; i < 5; i++) seal(slab);
  }
});

test('the holes of a large slab are closed in slices, and refs that were used again stay right', () => {
  const slab = new SeriesSlab();
  const encode = (i: number) => encodeLabels(makeLabelSet({ __name__: 'a', i: `${i}`.padEnd(90) }));
  const known = new Map<number, Uint8Array>();
  for (let i = 0; i < 40_000; i++) known.set(slab.add(encode(i)), encode(i));
  const remove = (isGone: (ref: number) => boolean): void => {
    for (const ref of [...known.keys()].filter(isGone)) {
      slab.remove(ref);
      known.delete(ref);
    }
  };
  remove((ref) => ref % 4 === 1);
  // These lie behind all others, and have numbers between theirs.
  for (let i = 0; i < 5_000; i++) known.set(slab.add(encode(-i)), encode(-i));
  remove((ref) => ref % 4 > 1);
  for (const ref of known.keys()) slab.patch(ref, T0, 1);
  assert.ok(slab.breakRun() > 1);
  const slices = seal(slab);
  assert.ok(slices > 10, `${slices} slices`);
  for (const [ref, labels] of known)
    assert.deepEqual(Buffer.from(ownCopy(slab.labelsOf(ref))), Buffer.from(labels));
  for (const ref of known.keys()) slab.patch(ref, T0, 1);
  assert.equal(slab.measureRuns(0, slab.breakRun()), slab.length, 'no hole is left');
});

test('a slab whose series are replaced at each scrape does not grow, nor is it copied', () => {
  const slab = new SeriesSlab();
  const labels = (id: number): Uint8Array =>
    encodeLabels(makeLabelSet({ __name__: 'some_metric_of_a_page', id: String(100_000 + id) }));
  const refs = Array.from({ length: 1_000 }, (_, id) => slab.add(labels(id)));
  const first = slab.length;
  let copies = 0;
  let memory: ArrayBufferLike | undefined;
  for (let scrape = 0; scrape < 200; scrape++) {
    for (const ref of refs) assert.ok(slab.patch(ref, T0, 1));
    const runs = slab.breakRun();
    assert.equal(slab.measureRuns(0, runs), first);
    const now = peek(slab.run(0)).buffer;
    if (now !== memory) copies += 1;
    memory = now;
    seal(slab);
    for (let i = 0; i < 50; i++) {
      slab.remove(refs.shift() as number);
      refs.push(slab.add(labels(1_000 + scrape * 50 + i)));
    }
  }
  assert.ok(copies <= 3, `it was copied ${copies} times`);
  assert.ok(slab.length < first * 1.2, `${first} bytes have become ${slab.length}`);
});

test('a run in which another series has taken a place is another run', () => {
  const slab = new SeriesSlab();
  const labels = (id: number): Uint8Array =>
    encodeLabels(makeLabelSet({ __name__: `a${10 + id}` }));
  const refs = Array.from({ length: 16 }, (_, id) => slab.add(labels(id)));
  const runOf = (list: readonly number[]): SlabRun => {
    for (const ref of list) slab.patch(ref, T0, 1);
    assert.equal(slab.breakRun(), 1);
    const run = slab.runAt(0);
    seal(slab);
    return run;
  };
  const before = runOf(refs.slice(2));
  for (const place of [0, 1, 8]) slab.remove(refs[place] as number);
  const other = [...refs.slice(2, 8), slab.add(labels(20)), ...refs.slice(9)];
  const after = runOf(other);
  assert.deepEqual([after.start, after.end], [before.start, before.end]);
  assert.notEqual(after.epoch, before.epoch);
});

test('what is in a run stays in it, also where its series has been let go', () => {
  const slab = new SeriesSlab();
  const labels = (id: number): Uint8Array =>
    encodeLabels(makeLabelSet({ __name__: `a${10 + id}` }));
  const refs = Array.from({ length: 16 }, (_, id) => slab.add(labels(id)));
  for (const ref of refs) slab.patch(ref, T0, 1);
  const before = Buffer.from(joined(slab));
  for (const ref of refs.slice(0, 8)) slab.remove(ref);
  slab.add(labels(20));
  assert.deepEqual(Buffer.from(joined(slab)), before);
});

test('room for a first page that comes short is given back, and what is added later fits', () => {
  const slab = new SeriesSlab();
  slab.expect(500_000);
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++)
      slab.add(encodeLabels(makeLabelSet({ __name__: 'a', i: String(i) })));
  };
  const messageOf = (count: number): Uint8Array => {
    const expected = new WriteRequestEncoder();
    for (let i = 0; i < count; i++) {
      assert.ok(slab.patch(i, T0, i));
      expected.append(encodeLabels(makeLabelSet({ __name__: 'a', i: String(i) })), T0, i);
    }
    return expected.bytes().slice();
  };
  add(0, 100);
  for (let scrape = 0; scrape < 10; scrape++) {
    const expected = messageOf(100);
    assert.deepEqual(new Uint8Array(joined(slab)), expected);
    seal(slab);
  }
  const memory = (): number => peek(slab.run(0)).buffer.byteLength;
  messageOf(100);
  assert.ok(memory() < 2 * slab.length, `${memory()} bytes for ${slab.length}`);
  seal(slab);
  add(100, 400);
  assert.deepEqual(new Uint8Array(messageOf(400)), new Uint8Array(joined(slab)));
});

test('a settled slab whose series come and go is copied seldom', () => {
  const slab = new SeriesSlab();
  const labels = (id: number): Uint8Array =>
    encodeLabels(makeLabelSet({ __name__: 'some_metric_of_a_page', id: String(id) }));
  const refs = Array.from({ length: 1_000 }, (_, id) => slab.add(labels(id)));
  const memoryOf = (): ArrayBufferLike => {
    for (const ref of refs) slab.patch(ref, T0, 1);
    slab.breakRun();
    return peek(slab.run(0)).buffer;
  };
  let memory = memoryOf();
  let copies = 0;
  for (let scrape = 0; scrape < 200; scrape++) {
    seal(slab);
    if (scrape % 10 === 0)
      for (let i = 0; i < 10; i++) {
        slab.remove(refs.shift() as number);
        refs.push(slab.add(labels(1_000 + scrape * 10 + i)));
      }
    const now = memoryOf();
    if (now !== memory) copies += 1;
    memory = now;
  }
  assert.ok(copies <= 4, `it was copied ${copies} times`);
});
