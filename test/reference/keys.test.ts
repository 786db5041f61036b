/** The pages of keys: each key has a row, and a key without a description is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import {
  checkDescriptions,
  type Dialect,
  listDialects,
  renderDialects,
} from '../../scripts/generate/dialects.ts';
import { renderKeyPage, makeSlug } from '../../scripts/generate/key-page.ts';
import { buildTree } from '../../scripts/generate/schema-tree.ts';
import { durationSchema } from '../../src/settings/duration.ts';
import { ignored, misplaced, unsupported } from '../../src/settings/refused-keys.ts';
import { listOf, textSchema } from '../../src/settings/text.ts';

function makeDialect(schema: z.ZodType): Dialect {
  return { name: 'x', title: 'X', intro: 'I.', tree: buildTree(schema), allowsEmpty: true };
}

test('a key without a description is reported with its path, at any depth', () => {
  const told = textSchema.optional().describe('Told.');
  const schema = z.strictObject({
    told,
    list: listOf(z.strictObject({ told, silent: textSchema }))
      .optional()
      .describe('L.'),
    map: z.record(z.string(), z.strictObject({ quiet: durationSchema })).describe('M.'),
    bare: durationSchema.optional(),
  });
  assert.deepEqual(checkDescriptions([makeDialect(schema)]), [
    'key list[].silent of docs/keys/x.md has no description; add .describe() to it',
    'key map.<name>.quiet of docs/keys/x.md has no description; add .describe() to it',
    'key bare of docs/keys/x.md has no description; add .describe() to it',
  ]);
});

test('the page of a key shows its type, default, range, example and fate', () => {
  const block = z.strictObject({ wait: durationSchema.optional().describe('How long.') });
  const page = renderKeyPage(
    buildTree(
      z.strictObject({
        name: textSchema.meta({ description: 'Who.', examples: ['a|b'] }),
        wait: durationSchema.optional().meta({ description: 'How long.', default: '5m' }),
        count: z.int().min(1).max(9).default(3).describe('How many.'),
        first: block.optional().describe('One.'),
        second: listOf(block).optional().describe('Several.'),
        old: unsupported('use new'),
        older: unsupported('use new'),
        elsewhere: misplaced('write it there'),
        idle: ignored('Nothing happens.'),
      }),
    ),
    { title: 'X', intro: 'I.' },
  );
  for (const line of [
    '| `name` | text | **required** | Who. Example: `a\\|b`. |',
    '| `wait` | duration | `5m` | How long. |',
    '| `count` | whole number, 1 to 9 | `3` | How many. |',
    '| `first` | [mapping](#first) |  | One. |',
    '| `second` | [list of mappings](#first) |  | Several. |',
    '- `old`, `older`: use new',
    '- `elsewhere`: write it there',
    '- `idle`: Nothing happens.',
    '## `first`',
  ])
    assert.ok(page.split('\n').includes(line), `${line}\n${page}`);
});

test('every link of a page leads to one of its headings or to an existing page', () => {
  const files = renderDialects(listDialects());
  for (const [path, text] of files) {
    if (!path.endsWith('.md') || path.endsWith('README.md')) continue;
    const anchors = [...text.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => makeSlug(heading));
    assert.equal(new Set(anchors).size, anchors.length, `${path} has two headings of one anchor`);
    for (const [, target = ''] of text.matchAll(/\]\(([^)]*)\)/g))
      if (target.startsWith('#'))
        assert.ok(anchors.includes(target.slice(1)), `${path}: ${target}`);
      else assert.ok(files.has(`docs/keys/${target}`), `${path}: ${target}`);
  }
});

test('the page and the schema of each dialect know the same top keys as its reader', () => {
  const files = renderDialects(listDialects());
  for (const { name, tree, page = name } of listDialects())
    for (const key of Object.keys(tree.properties ?? {})) {
      assert.ok(files.get(`docs/keys/${page}.md`)?.includes(`\`${key}\``), `${name}: ${key}`);
      const schema = files.get(`schema/${name}.schema.json`) ?? '';
      assert.ok(schema.includes(`"${key}": {`), `${name}: ${key}`);
    }
});
