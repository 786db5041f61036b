import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { loadConfigText } from './load.ts';
import { parseInSteps } from './yaml-steps.ts';

const piece = fc.constantFrom(
  'a: 1\n',
  'b:\n',
  '  - c\n',
  '  - { d: [e, f] }\n',
  'g: &x {h: 1}\n',
  'i: *x\n',
  '---\n',
  '...\n',
  '# text\n',
  'k: |\n',
  '   block\n',
  '"',
  "'",
  '[',
  '}',
  '\t',
  '%YAML 1.2\n',
  '? l\n',
  ': m\n',
  'é: –\n',
  '\n',
);

const newOptions = () => ({
  lineCounter: new LineCounter(),
  prettyErrors: false,
  uniqueKeys: false,
});

function parseWhole(text: string): unknown {
  const options = newOptions();
  return tell(parseDocument(text, options), options.lineCounter);
}

function parseStepwise(text: string, sliceEntries?: number): unknown {
  const options = newOptions();
  const steps = parseInSteps(text, options, sliceEntries);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return tell(step.value, options.lineCounter);
}

function tell(document: Pick<Document, 'errors' | 'warnings'>, lines: LineCounter): unknown {
  const { errors, warnings } = document;
  const faults = [...errors, ...warnings].map(({ pos, code, message }) => [pos, code, message]);
  // The library reads no further than to the third document of a text that is refused.
  const lineStarts = faults.length === 0 ? lines.lineStarts : [];
  return { value: describeDocument(document), faults, lineStarts, begins: listBegins(document) };
}

/** Where the nodes begin: that is where findings point to. */
function listBegins(document: object): readonly unknown[] {
  const begins: unknown[] = [];
  visit(document as Document, { Node: (_key, node) => void begins.push(node.range?.[0]) });
  return begins;
}

function describeDocument(document: object): string {
  try {
    return JSON.stringify(document);
  } catch (error) {
    // An alias without its anchor, or a document with errors.
    return String(error);
  }
}

test('a text that is parsed in steps is the document that the library makes of it', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      assert.deepEqual(parseStepwise(text), parseWhole(text));
    }),
    { numRuns: 1_000 },
  );
});

test('a list that is composed in slices is the one that the library makes of the text', () => {
  const lists = fc.constantFrom(
    'a:\n',
    '- 1\n',
    '  - 1\n',
    '  -\n',
    '  - { b: c }\n',
    '  - b:\n',
    '      - d\n',
    '      - &x e\n',
    '      - *x\n',
    '  - *x\n',
    '  - - f\n',
    '    - g\n',
    '  # text\n',
    '  - |\n',
    '     block\n',
    '  - !!str h\n',
    '  - "\n',
    '%TAG ! tag:a,2000:\n---\n',
    '---\n',
    'i: 1\n',
    '   - j\n',
  );
  fc.assert(
    fc.property(
      fc.array(lists, { maxLength: 14 }),
      fc.integer({ min: 1, max: 3 }),
      (pieces, size) => {
        const text = pieces.join('');
        assert.deepEqual(parseStepwise(text, size), parseWhole(text));
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a configuration of thousands of targets is loaded over many turns of the event loop', async () => {
  const group = (i: number): string =>
    `      - targets: ['10.0.${i >> 8}.${i & 255}:9100']\n        labels: { env: prod }\n`;
  const groups = Array.from({ length: 2_000 }, (_, i) => group(i)).join('');
  const text =
    `scrape_configs:\n  - job_name: j\n    static_configs:\n${groups}` +
    'remote_write: [{ url: "http://127.0.0.1:9/w" }]\n';
  assert.ok((await countTurns(text)) >= 5);
});

test('a configuration of thousands of jobs is checked over many turns of the event loop', async () => {
  const job = (i: number): string =>
    `  - job_name: j${i}\n    static_configs: [{ targets: ['10.0.0.1:${i}'] }]\n`;
  const jobs = Array.from({ length: 2_000 }, (_, i) => job(i)).join('');
  mock.method(performance, 'now', stepClock());
  const turns = await countTurns(
    `scrape_configs:\n${jobs}remote_write: [{ url: "http://127.0.0.1:9/w" }]\n`,
  );
  mock.restoreAll();
  // 2,000 jobs resolved, 100 slices checked, 20 composed, 12 expanded, and the steps of the text.
  assert.ok(turns >= 2_220, `${turns} turns`);
});

/** Each look at the clock is 20 ms later: each step is a turn of its own. */
function stepClock(): () => number {
  let nowMs = 0;
  return () => (nowMs += 20);
}

async function countTurns(text: string): Promise<number> {
  let [turns, isDone] = [0, false];
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const { plan } = await loadConfigText(text, 'prometheus.yml', { env: {} });
  isDone = true;
  assert.ok(plan.sources.length > 0);
  return turns;
}
