import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { parseInSteps, parseYaml } from './yaml-steps.ts';

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

test('a text that nests too deep is refused where it does, whatever nests', () => {
  for (const [open, at] of [
    ['[', 200],
    ['{a: ', 800],
    ['- ', 400],
    ['? ', 400],
    ['[a: ', 800],
  ] as const)
    for (const levels of [300, 100_000]) {
      const [fault] = parseYaml(open.repeat(levels), newOptions()).errors;
      assert.equal(fault?.message, 'Nested deeper than 200 levels', open);
      assert.ok(Math.abs(fault.pos[0] - at) <= 10, `${open}: ${fault.pos[0]}`);
    }
});

test('bug: mappings in each other on one line are no end of the stack', () => {
  const { errors } = parseYaml(`a: [${'b: c: '.repeat(100_000)}]`, newOptions());
  assert.equal(errors[0]?.message, 'Nested deeper than 200 levels');
});
