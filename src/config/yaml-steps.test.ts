import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Document, LineCounter, parseDocument } from 'yaml';
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

function parseStepwise(text: string): unknown {
  const options = newOptions();
  const steps = parseInSteps(text, options);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return tell(step.value, options.lineCounter);
}

function tell(document: Pick<Document, 'errors' | 'warnings'>, lines: LineCounter): unknown {
  const { errors, warnings } = document;
  const faults = [...errors, ...warnings].map(({ pos, code, message }) => [pos, code, message]);
  // The library reads no further than to the third document of a text that is refused.
  const lineStarts = faults.length === 0 ? lines.lineStarts : [];
  return { value: describeDocument(document), faults, lineStarts };
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

test('a configuration of thousands of targets is loaded over many turns of the event loop', async () => {
  const group = (i: number): string =>
    `      - targets: ['10.0.${i >> 8}.${i & 255}:9100']\n        labels: { env: prod }\n`;
  const groups = Array.from({ length: 2_000 }, (_, i) => group(i)).join('');
  const text =
    `scrape_configs:\n  - job_name: j\n    static_configs:\n${groups}` +
    'remote_write: [{ url: "http://127.0.0.1:9/w" }]\n';
  let [turns, isDone] = [0, false];
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const { plan } = await loadConfigText(text, 'prometheus.yml', { env: {} });
  isDone = true;
  assert.equal(plan.sources.length, 1);
  assert.ok(turns >= 5, `${turns} turns`);
});
