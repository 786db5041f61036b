import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { chooseClosed, formatDuration, listRows, placeBar } from './layout.ts';
import { buildTraceTree, ENTITIES_MAX, type TraceTree, type TreeNode } from './tree.ts';

const golden = join(import.meta.dirname, '../../../test/golden/traces');

function entity(id: string, more: object = {}): string {
  return JSON.stringify({ id, name: id, start_time: 1, end_time: 2, ...more });
}

function* walk(nodes: readonly TreeNode[]): Generator<TreeNode> {
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    open.push(...node.children);
  }
}

/** A tree as text: each node with its parents' indent, its marks and its bar in percent. */
function print(tree: TraceTree): string {
  const lines = listRows(tree, { closed: new Set(), shown: new Map() }).map((row) => {
    if (row.kind === 'more') return `${row.hidden} more`;
    const { entity: own, id, startS, earlyS } = row.node;
    const { left, width } = placeBar(
      tree,
      startS,
      own === undefined ? findEnd(row.node) : own.endS,
    );
    const words =
      own === undefined
        ? ['?', id]
        : [
            own.kind, own.name, own.namespace, ...own.marks, own.http,
            own.endS === undefined ? 'in progress' : '',
            earlyS > 0 ? `early ${formatDuration(earlyS).replace('\u202f', ' ')}` : '',
          ]; // prettier-ignore
    const bar = `[${Math.round(left)} ${Math.round(width)}]`;
    const text = [...words, bar].filter((word) => word !== '').join(' ');
    return '  '.repeat(row.level - 1) + text;
  });
  const { segments, subsegments, missing, inProgress, omitted } = tree;
  return [
    ...lines,
    ...tree.broken.map(({ reason, excerpt }) => `broken: ${reason}: ${excerpt}`),
    `${segments} segments, ${subsegments} subsegments, ${missing} missing, ` +
      `${inProgress} in progress, ${omitted} omitted`,
    '',
  ].join('\n');
}

function findEnd(node: TreeNode): number {
  return Math.max(...node.children.map((child) => child.entity?.endS ?? child.startS));
}

test('a trace in pieces becomes the tree of the golden file', () => {
  const documents = JSON.parse(readFileSync(join(golden, 'order.json'), 'utf8')) as unknown[];
  const texts = documents.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  const expected = readFileSync(join(golden, 'order.txt'), 'utf8');
  assert.equal(print(buildTraceTree(texts)), expected);
  // The order in which documents came makes no difference to the tree itself.
  const [tree, turned] = [texts, texts.toReversed()].map((some) =>
    print({ ...buildTraceTree(some), broken: [] }),
  );
  assert.equal(turned, tree);
});

test('a complete document replaces the one in progress, whichever comes first', () => {
  const running = entity('a', { end_time: undefined, in_progress: true });
  const done = entity('a', { end_time: 5, fault: true });
  for (const documents of [
    [running, done],
    [done, running],
  ]) {
    const tree = buildTraceTree(documents);
    assert.deepEqual([tree.segments, tree.inProgress, tree.endS], [1, 0, 5]);
    assert.deepEqual(tree.roots[0]?.entity?.marks, ['fault']);
  }
});

test('a subsegment that is embedded and sent apart is one, under its parent', () => {
  const embedded = entity('a', {
    subsegments: [{ id: 'b', name: 'b', start_time: 1, in_progress: true }],
  });
  const apart = entity('b', { type: 'subsegment' });
  const { roots, subsegments, inProgress } = buildTraceTree([embedded, apart]);
  assert.deepEqual([roots.length, subsegments, inProgress], [1, 1, 0]);
  assert.equal(roots[0]?.children[0]?.entity?.endS, 2);
});

test('entities that are parents of each other are all shown, and one says so', () => {
  const tree = buildTraceTree([
    entity('a', { parent_id: 'c' }),
    entity('b', { parent_id: 'a' }),
    entity('c', { parent_id: 'b' }),
    entity('self', { parent_id: 'self' }),
  ]);
  const nodes = [...walk(tree.roots)];
  assert.deepEqual(nodes.map(({ id }) => id).sort(), ['a', 'b', 'c', 'self']);
  assert.equal(nodes.filter(({ isLooped }) => isLooped).length, 2);
});

test('entities without an id are each shown', () => {
  const nameless = { name: 'x', start_time: 1, end_time: 2 };
  const tree = buildTraceTree([JSON.stringify({ ...nameless, subsegments: [nameless, nameless] })]);
  assert.equal([...walk(tree.roots)].length, 3);
});

test('names of prototypes are names', () => {
  const text = entity('__proto__', { name: 'constructor' }).replace('{', '{"__proto__":{"x":1},');
  const child = entity('toString', { parent_id: '__proto__', http: { __proto__: null } });
  const { roots } = buildTraceTree([text, child]);
  assert.equal(roots[0]?.entity?.name, 'constructor');
  assert.equal(roots[0]?.children[0]?.id, 'toString');
  assert.equal(Object.hasOwn(Object.prototype, 'x'), false);
  // Members of the prototype are no members: an object without a start has no start.
  assert.equal(buildTraceTree(['{"id":"a"}']).broken.length, 1);
});

test('subsegments in subsegments, a hundred thousand deep, are read up to the limit', () => {
  const depth = 100_000;
  const open = Array.from({ length: depth }, (_, i) => `{"id":"${i}","name":"n","start_time":1,`);
  const text = `${open.join('"subsegments":[')}"end_time":2}${']}'.repeat(depth - 1)}`;
  const tree = buildTraceTree([text]);
  assert.equal(tree.subsegments + tree.segments, ENTITIES_MAX);
  assert.ok(tree.omitted > 0);
  assert.equal(listRows(tree, { closed: chooseClosed(tree), shown: new Map() }).length, 200);
  assert.equal(buildTraceTree(['['.repeat(1_000_000)]).broken.length, 1);
});

test('what is above the limit of entities is counted', () => {
  const documents = Array.from({ length: ENTITIES_MAX + 5 }, (_, i) => entity(`n${i}`));
  const tree = buildTraceTree(documents);
  assert.deepEqual([tree.segments, tree.omitted], [ENTITIES_MAX, 5]);
  const junk = buildTraceTree(Array.from({ length: 1_000 }, () => 'x'));
  assert.deepEqual([junk.broken.length, junk.omitted], [100, 900]);
});

test('no document throws, and each entity is in the tree once', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', '');
  const time = fc.oneof(fc.double(), fc.constantFrom(1, 2, 3), fc.string());
  const record = fc.record(
    {
      id: fc.oneof(id, fc.jsonValue()),
      parent_id: id,
      name: fc.oneof(fc.string(), fc.jsonValue()),
      start_time: time,
      end_time: time,
      in_progress: fc.boolean(),
      http: fc.jsonValue(),
      subsegments: fc.oneof(
        fc.jsonValue(),
        fc.array(fc.record({ id, name: id, start_time: fc.constantFrom(1, 2) })),
      ),
    },
    { requiredKeys: [] },
  );
  const document = fc.oneof(
    record.map((one) => JSON.stringify(one)),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(document), (documents) => {
      const tree = buildTraceTree(documents);
      const keys = [...walk(tree.roots)].map(({ key }) => key);
      assert.equal(new Set(keys).size, keys.length);
      assert.equal(keys.length, tree.segments + tree.subsegments + tree.missing);
    }),
  );
});

test('published documents are shown', { skip: skipWithoutConformance }, () => {
  const read = (name: string): string =>
    readFileSync(conformancePath('xray/segments', name), 'utf8');
  const tree = buildTraceTree([
    read('02-segment-with-embedded-subsegment.json'),
    read('03-in-progress-segment.json'),
    read('07-inferred-segment-for-a-downstream-http-c.json'),
  ]);
  assert.deepEqual([tree.segments, tree.subsegments, tree.inProgress], [3, 1, 1]);
  const names = [...walk(tree.roots)].map((node) => node.entity?.name ?? `missing ${node.id}`);
  assert.ok(names.includes('api.example.com') && names.includes('missing 004f72be19cddc2a'));
});
