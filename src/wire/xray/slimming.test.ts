import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slim, type Slimmed } from './slimming.ts';

const TRACE = '1-581cf771-a006649127e371903a2de979';

interface Parsed {
  [key: string]: unknown;
  id: string;
  metadata?: Record<string, Record<string, unknown>>;
  subsegments?: Parsed[];
}

function segment(more: object = {}): object {
  return {
    trace_id: TRACE,
    id: '0000000000000001',
    name: 'shop',
    start_time: 1,
    end_time: 2,
    ...more,
  };
}

function run(document: object | string, maxBytes: number): { slimmed: Slimmed; read: Parsed[] } {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const slimmed = slim(Buffer.from(text), maxBytes);
  assert.ok(slimmed);
  for (const { length } of slimmed.documents) assert.ok(length <= maxBytes, `${length} bytes`);
  return { slimmed, read: slimmed.documents.map((one) => JSON.parse(one.toString()) as Parsed) };
}

test('of metadata the largest namespace goes, no more than needed, and it is said which', () => {
  const metadata = { small: { a: 'x'.repeat(100) }, large: { b: 'y'.repeat(2_000) } };
  const annotations = { customer: 'c' };
  const { slimmed, read } = run(segment({ metadata, annotations }), 1_000);
  assert.deepEqual([...slimmed.steps], [['metadata', 1]]);
  assert.deepEqual(read[0]?.metadata, {
    small: metadata.small,
    amperage: { metadata_taken_away: ['large'] },
  });
  assert.deepEqual(read[0]?.['annotations'], annotations);
});

test('metadata of subsegments go before stacks of exceptions, and sql stays', () => {
  const exceptions = [
    { id: 'e1', message: 'm', stack: [{ path: 'a'.repeat(500), line: 1 }] },
    { id: 'e2', message: 'm', stack: [{ path: 'b'.repeat(50), line: 1 }] },
  ];
  const sql = { sanitized_query: 'select 1' };
  const inner = {
    id: '2',
    name: 'db',
    sql,
    cause: { exceptions },
    metadata: { d: 'z'.repeat(500) },
  };
  const { slimmed, read } = run(segment({ subsegments: [inner] }), 700);
  assert.deepEqual(
    [...slimmed.steps],
    [
      ['metadata', 1],
      ['exceptions', 1],
    ],
  );
  const [sub] = read[0]?.subsegments ?? [];
  assert.deepEqual(sub?.['sql'], sql);
  assert.deepEqual(sub?.['cause'], { exceptions: [{ id: 'e1', message: 'm' }, exceptions[1]] });
  assert.deepEqual(read[0]?.metadata?.['amperage'], {
    metadata_taken_away: ['d'],
    stacks_taken_away: 1,
  });
});

test('where it is enough, subsegments are sent apart and nothing is taken away', () => {
  const sub = (id: string, more: object = {}): object => ({
    id,
    name: `sub ${id}`,
    start_time: 1,
    in_progress: true,
    metadata: { d: 'z'.repeat(300) },
    ...more,
  });
  const subsegments = [sub('a'), sub('b', { subsegments: [sub('c'), sub('d')] })];
  const { slimmed, read } = run(segment({ subsegments }), 620);
  assert.deepEqual([...slimmed.steps.keys()], ['subsegments']);
  const found = new Map<string, { parent: unknown; inProgress: unknown; metadata: unknown }>();
  const visit = (entity: Parsed, parent: unknown): void => {
    const { id, in_progress: inProgress, metadata } = entity;
    found.set(id, { parent, inProgress, metadata: metadata?.['d'] });
    for (const inner of entity.subsegments ?? []) visit(inner, id);
  };
  for (const document of read) {
    visit(document, document['parent_id']);
    if (document === read[0]) continue;
    assert.deepEqual([document['type'], document['trace_id']], ['subsegment', TRACE]);
  }
  const state = { inProgress: true, metadata: 'z'.repeat(300) };
  assert.deepEqual(Object.fromEntries(found), {
    '0000000000000001': { parent: undefined, inProgress: undefined, metadata: undefined },
    a: { parent: '0000000000000001', ...state },
    b: { parent: '0000000000000001', ...state },
    c: { parent: 'b', ...state },
    d: { parent: 'b', ...state },
  });
  assert.deepEqual(read[0]?.metadata?.['amperage'], {
    subsegments_sent_apart: slimmed.documents.length - 1,
  });
});

test('where dividing is not enough, metadata and stacks go first and then it is divided', () => {
  const sub = (id: string): object => ({ id, name: 'x'.repeat(200), start_time: 1, end_time: 2 });
  const metadata = { d: 'z'.repeat(1_000) };
  const { slimmed } = run(segment({ metadata, subsegments: [sub('a'), sub('b')] }), 500);
  assert.deepEqual(
    [...slimmed.steps],
    [
      ['metadata', 1],
      ['subsegments', 1],
    ],
  );
});

test('what is taken away is not said where that does not fit', () => {
  const bare = segment();
  const { length } = JSON.stringify({ ...bare, metadata: {} });
  const { read } = run({ ...bare, metadata: { d: 'z'.repeat(300) } }, length);
  assert.deepEqual(read, [{ ...bare, metadata: {} }]);
});

test('numbers are written as they stood', () => {
  const numbers =
    '"start_time":1.478293361271E9,"end_time":12345678901234567890,"annotations":{"a":1e400,"b":-0}';
  const text = `{"trace_id":"${TRACE}","id":"1",${numbers},"metadata":{"d":"${'z'.repeat(500)}"}}`;
  const { slimmed } = run(text, 400);
  assert.ok((slimmed.documents[0]?.toString() ?? '').includes(numbers));
});

test('what cannot fit, is no object, or too deep is not slimmed', () => {
  assert.equal(
    slim(Buffer.from(JSON.stringify(segment({ name: 'x'.repeat(900) }))), 500),
    undefined,
  );
  const large = segment({ subsegments: [{ id: 'a', name: 'x'.repeat(900) }] });
  assert.equal(slim(Buffer.from(JSON.stringify(large)), 500), undefined);
  const anonymous = segment({ id: undefined, subsegments: [{ id: 'a', name: 'x'.repeat(400) }] });
  assert.equal(slim(Buffer.from(JSON.stringify(anonymous)), 300), undefined);
  for (const text of ['[]', 'null', '{"a":', '"x"', 'T1S====', '{"a":'.repeat(50_000)])
    assert.equal(slim(Buffer.from(text), 10), undefined, text.slice(0, 20));
});

test('subsegments without an id stay in their parent', () => {
  const subsegments = [{ name: 'x'.repeat(300) }, { id: 'a', name: 'y'.repeat(300) }];
  const { read } = run(segment({ subsegments }), 550);
  assert.deepEqual(
    read.map(({ id, subsegments: inner }) => [id, inner]),
    [
      ['0000000000000001', subsegments.slice(0, 1)],
      ['a', undefined],
    ],
  );
  assert.equal(slim(Buffer.from(JSON.stringify(segment({ subsegments }))), 300), undefined);
});

test('no document takes long, whatever it is made of', () => {
  const repeat = (text: string, times: number): string =>
    `[${Array.from({ length: times }, () => text).join()}]`;
  const nested = '{"id":"b","metadata":{"a":1},"subsegments":[';
  const bodies = {
    numbers: `"http":${repeat('1.0', 15_500)}`,
    empty: `"subsegments":${repeat('{}', 21_000)}`,
    short: `"subsegments":${repeat('{"id":"a"}', 5_900)}`,
    nested: `"subsegments":[${nested.repeat(1_300)}${']}'.repeat(1_300)}]`,
    lists: `"x":${'['.repeat(30_000)}${']'.repeat(30_000)}`,
  };
  for (const [name, body] of Object.entries(bodies)) {
    const text = Buffer.from(`{"id":"1","trace_id":"${TRACE}","name":"shop",${body}}`);
    const before = process.threadCpuUsage();
    assert.equal(slim(text, 30_000), undefined, name);
    const { user } = process.threadCpuUsage(before);
    assert.ok(user < 200_000, `${name}: ${user} µs`);
  }
});
