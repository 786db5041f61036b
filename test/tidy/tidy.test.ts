/**
 * Checks that each check of `npm run tidy` finds a breach planted in a small tree, and accepts what
 * is excepted.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { checkExportedNames } from '../../scripts/tidy/exported-names.ts';
import { checkFileLength } from '../../scripts/tidy/file-length.ts';
import { checkFileNames } from '../../scripts/tidy/file-names.ts';
import { checkHeaders } from '../../scripts/tidy/headers.ts';
import { checkLineLength } from '../../scripts/tidy/line-length.ts';
import { checkLinks } from '../../scripts/tidy/links.ts';
import { checkNamedFiles } from '../../scripts/tidy/named-files.ts';
import { checkNamedInPages } from '../../scripts/tidy/named-in-pages.ts';
import { checkNamedSymbols } from '../../scripts/tidy/named-symbols.ts';
import { checkOpenWalls } from '../../scripts/tidy/open-walls.ts';
import { checkWallClock } from '../../scripts/tidy/wall-clock.ts';
import { type Finding, readTree, type Tree } from '../../scripts/tidy/tree.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const LONG = 'x'.repeat(90);

function writeTree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'amperage-tidy-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

const plantTree = (t: TestContext, files: Record<string, string>): Tree =>
  readTree(writeTree(t, files));
const listPlaces = (findings: readonly Finding[]): string[] =>
  findings.map(({ file, line }) => `${file}:${line}`);
const describeFindings = (findings: readonly Finding[]): string[] =>
  findings.map(({ file, line, what }) => `${file}:${line}: ${what}`);

test('a line of more than 100 columns is found in a comment, in code, in a text and in a script', (t) => {
  const tree = plantTree(t, {
    'src/a.ts': `/** A b ${LONG} c. */\nexport const x = 1;\n`,
    'test/b.ts': `export const x = ['${LONG}', 'b'].join('');\n`,
    'bench/c.ts': `export const x = 'a ${LONG}';\n`,
    'scripts/d.sh': `#!/bin/sh\n# A b ${LONG} c d.\n`,
    'examples/e.mjs': `\n\n// é ${'é '.repeat(49)}\n`,
  });
  assert.deepEqual(describeFindings(checkLineLength(tree)), [
    'bench/c.ts:1: a text of 112 columns',
    'examples/e.mjs:3: a comment of 103 columns',
    'scripts/d.sh:2: a comment of 101 columns',
    'src/a.ts:1: a comment of 104 columns',
    'test/b.ts:1: a text of 126 columns',
  ]);
});

test('columns are characters, and lines that cannot be broken or whose bytes matter are accepted', (t) => {
  const tree = plantTree(t, {
    'src/a.ts': [
      `// ${'é'.repeat(97)}`,
      ` * Source: https://example.com/${LONG}`,
      `  'https://example.com/${LONG}',`,
      `  const url = 1;`,
      `test('a b ${LONG}', () => {`,
      `test(`,
      `  'a b ${LONG}',`,
      `  /a b ${LONG}/.exec(`,
      'const page = `',
      `a b ${LONG} c`,
      `\${x} \${"}"} ${LONG}`,
      '`;',
      '// prettier-ignore',
      'const table = {',
      `  a: 1, b: 'a ${LONG}',`,
      '};',
      'const other = {',
      `  a: 1, b: 'a ${LONG}',`,
      '}; // prettier-ignore',
    ].join('\n'),
  });
  assert.deepEqual(describeFindings(checkLineLength(tree)), []);
});

test('a long line before or after a template or an ignored statement is found', (t) => {
  const long = `const a = ['b', '${LONG}'];`;
  const tree = plantTree(t, {
    'src/a.ts': ['const a = `', '`;', long, '// prettier-ignore', 'const b = {', '};', long].join(
      '\n',
    ),
    'src/b.ts': [long, 'const b = {', '}; // prettier-ignore', long].join('\n'),
    'src/c.ts': ['const a = `${`', '`}`;', long, "const r = /[`'/]/;", long].join('\n'),
  });
  assert.deepEqual(listPlaces(checkLineLength(tree)), [
    'src/a.ts:3',
    'src/a.ts:7',
    'src/b.ts:1',
    'src/b.ts:4',
    'src/c.ts:3',
    'src/c.ts:5',
  ]);
});

test('a file of more than 400 lines is found, and a needless exception of one', (t) => {
  const tree = plantTree(t, {
    'src/long.ts': '\n'.repeat(401),
    'src/full.ts': '\n'.repeat(400),
    'src/known.ts': '\n'.repeat(500),
    'src/mended.ts': '\n',
  });
  const known = { 'src/known.ts': 'why', 'src/mended.ts': 'why', 'src/gone.ts': 'why' };
  assert.deepEqual(describeFindings(checkFileLength(tree, known)), [
    'src/long.ts:401: 401 lines, more than 400',
    'scripts/tidy/exceptions.ts:1: src/mended.ts is no file of more than 400 lines any more',
    'scripts/tidy/exceptions.ts:1: src/gone.ts is no file of more than 400 lines any more',
  ]);
});

test('a file or a folder whose name says nothing, repeats its folder or shouts is found', (t) => {
  const files = [
    'src/utils/a.ts',
    'src/helpers.ts',
    'test/common.test.ts',
    'src/scrape/scrape-loop.ts',
    'src/scrape/Loop.ts',
    'src/scrape/loop.ts',
    'test/aws4.d.ts',
    'test/hostile.slow.test.ts',
  ];
  const tree = plantTree(t, Object.fromEntries(files.map((file) => [file, ''])));
  assert.deepEqual(listPlaces(checkFileNames(tree)), [
    'src/helpers.ts:1',
    'src/scrape/Loop.ts:1',
    'src/scrape/scrape-loop.ts:1',
    'src/utils/a.ts:1',
    'test/common.test.ts:1',
  ]);
});

test('a file without a header, or with one that says nothing, is found', (t) => {
  const tree = plantTree(t, {
    'src/none.ts': 'export const x = 1;\n',
    'src/late.ts': "import 'a';\n/** What the file is. */\n",
    'src/empty.ts': '/** TODO */\nexport const x = 1;\n',
    'src/good.ts': '/** What the file is. */\nexport const x = 1;\n',
    'src/lines.ts': '// What the\n// file is.\n',
    'src/none.test.ts': 'export const x = 1;\n',
    'scripts/a.sh': '#!/bin/sh\nset -e\n',
    'scripts/b.sh': '#!/bin/sh\n# What the script does.\n',
  });
  assert.deepEqual(listPlaces(checkHeaders(tree)), [
    'scripts/a.sh:1',
    'src/empty.ts:1',
    'src/late.ts:1',
    'src/none.ts:1',
  ]);
});

test('a comment or a page that names a file or folder that is gone is found', (t) => {
  const tree = plantTree(t, {
    'src/scrape/loop.ts':
      '/**\n * The loop (gone.ts, cache.ts, scrape/cache.ts).\n' +
      ' * See src/gone/ and docs/a.md. */\nlet x; // by src/scrape/old.ts\n',
    'src/scrape/cache.ts': '/** Not `lost/`, but `scrape/`; main.go is not ours. */\n',
    'src/one/kind.ts': '',
    'src/two/kind.ts': '// Another kind.ts than ../one/kind.ts and ./other.ts.\n',
    'src/main.ts':
      '/** Which kind.ts? https://example.com/gone.ts, test/*.ts and [a](gone.ts). */\n',
    'docs/a.md': 'The `src/scrape/`: `cache.ts`, `missing.ts`.\n\nAt `dist/x.ts`, `kind.ts`.\n',
  });
  assert.deepEqual(describeFindings(checkNamedFiles(tree)), [
    'src/main.ts:1: names kind.ts, which may be src/one/kind.ts or src/two/kind.ts',
    'src/scrape/cache.ts:1: names lost, which does not exist',
    'src/scrape/loop.ts:2: names gone.ts, which does not exist',
    'src/scrape/loop.ts:3: names src/gone, which does not exist',
    'src/scrape/loop.ts:4: names src/scrape/old.ts, which does not exist',
    'src/two/kind.ts:1: names ./other.ts, which does not exist',
    'docs/a.md:1: names missing.ts, which does not exist',
    'docs/a.md:3: names kind.ts, which may be src/one/kind.ts or src/two/kind.ts',
  ]);
});

test('a symbol that ARCHITECTURE.md names and no code has is found', (t) => {
  const tree = plantTree(t, {
    'src/model/a.ts':
      '/** A comment of Gone. */\nexport class Appender { lacks() { return "too_old"; } }\n',
    'ARCHITECTURE.md':
      '`Appender`, `Appender.lacks`, `too_old`, `model`, `npm run x`.\n`Gone`, `Appender.has`\n',
    'README.md': '`Gone`\n',
  });
  assert.deepEqual(describeFindings(checkNamedSymbols(tree)), [
    'ARCHITECTURE.md:2: names `Gone`, which no code has',
    'ARCHITECTURE.md:2: names `has`, which no code has',
  ]);
});

test('a name that two files export is found, and a list that could be shorter', (t) => {
  const tree = plantTree(t, {
    'src/a.ts': 'export function parse(): void {}\nexport type Way = 1;\nexport const one = 1;\n',
    'src/b.ts':
      'let x;\nexport class parse {}\n// export const one = 1;\nexport interface Way {}\n',
    'src/c.ts': 'export function over(a: 1): void;\nexport function over(a: 2): void;\n',
    'src/d.test.ts': 'export const one = 1;\n',
    'test/e.ts': 'export const one = 1;\n',
  });
  assert.deepEqual(describeFindings(checkExportedNames(tree, {})), [
    'src/b.ts:2: exports parse, and so do src/a.ts',
    'src/b.ts:4: exports Way, and so do src/a.ts',
  ]);
  const listed = {
    parse: { files: 2, why: '' },
    Way: { files: 3, why: '' },
    one: { files: 2, why: '' },
  };
  assert.deepEqual(describeFindings(checkExportedNames(tree, listed)), [
    'scripts/tidy/exceptions.ts:1: Way is exported by 2 files, no more by 3',
    'scripts/tidy/exceptions.ts:1: one is exported by 1 files, no more by 2',
  ]);
});

test('a link to a file or a heading that is gone is found, and a page that nothing links to', (t) => {
  const tree = plantTree(t, {
    'README.md':
      '# A\n\n[a](docs/a.md#the-a-b), [b](docs/gone.md), [c](docs/a.md#gone), [d](docs/more)\n',
    'docs/a.md': '# The `A`: b!\n\n[up](../README.md#a), [self](#nowhere), [x](https://x.y/z)\n',
    'docs/more/README.md': '[b](b.md)\n',
    'docs/more/b.md': '',
    'docs/more/c.md': '',
  });
  assert.deepEqual(describeFindings(checkLinks(tree)), [
    'README.md:3: links to docs/gone.md, which does not exist',
    'README.md:3: links to #gone, which docs/a.md lacks',
    'docs/a.md:3: links to #nowhere, which docs/a.md lacks',
    'docs/more/c.md:1: no link leads here from README.md',
  ]);
});

test('a script, a variable or a flag that a page names but that does not exist is found', (t) => {
  const tree = plantTree(t, {
    'package.json': '{ "scripts": { "check": "", "bench:road": "" } }',
    'src/a.ts': "export const a = [process.env['MY_NAME'], '--old.flag <x>'];\n",
    'README.md':
      '`npm run check`, `npm run bench:road`, `MY_NAME`, `--old.flag`\n' +
      '`npm run gone`, `MY_LOSS`, `--new.flag`\n' +
      '`NODE_OPTIONS`, CODE_OF_CONDUCT.md\n',
  });
  assert.deepEqual(describeFindings(checkNamedInPages(tree)), [
    'README.md:2: names npm run gone, which package.json lacks',
    'README.md:2: names MY_LOSS, which no code has',
    'README.md:2: names the flag --new.flag, which no code has',
  ]);
});

test('the command names each breach with its place and remedy and ends with 1', (t) => {
  const root = writeTree(t, { 'src/a.ts': 'export const x = 1;\n', 'README.md': '# A\n' });
  const command = path.join(ROOT, 'scripts/tidy.ts');
  const bad = spawnSync(process.execPath, [command, root], { encoding: 'utf8' });
  assert.equal(bad.status, 1);
  assert.match(bad.stdout, /^src\/a\.ts:1: no header that says what the file is; begin it with /m);
});

test('a way round the walls that the linter cannot see is found', (t) => {
  const header = '/** A file with a header of a few words. */\n';
  const tree = plantTree(t, {
    'src/back-door.ts': `${header}export {};\n`,
    'src/wire/door.mts': 'export {};\n',
    'src/wire/off.ts': `${header}/* oxlint-disable */\nexport const tMs = 1;\n`,
    'src/wire/off-once.ts': `${header}// oxlint-disable-next-line no-shadow -- a reason\n`,
    'src/wire/math.ts': `${header}const m = Math;\nexport const half = Math.round(m.random());\n`,
    'src/wire/demand.ts': `${header}export const load = () => import('node:crypto');\n`,
    'src/wire/wait.ts': `${header}export const soon = AbortSignal.timeout(1);\n`,
    'src/scrape/computed.ts': `${header}export const load = () => import(\`../sinks/sinks.ts\`);\n`,
    'src/sinks/newfile/kind.ts': `${header}export {};\n`,
  });
  assert.deepEqual(describeFindings(checkOpenWalls(tree)).toSorted(), [
    'src/back-door.ts:1: no wall holds at the root of src',
    'src/scrape/computed.ts:2: the path of an import is not a plain text',
    'src/sinks/newfile:1: a room without a row in oxlint.config.ts',
    'src/wire/demand.ts:2: pure code loads a module on demand',
    'src/wire/door.mts:1: no wall holds for this extension',
    'src/wire/math.ts:2: pure code passes Math on, and its randomness with it',
    'src/wire/off.ts:2: lint rules are switched off',
    'src/wire/wait.ts:2: pure code starts a timer',
  ]);
});

test('a span that is measured by the wall clock is found; a timestamp and an exception are not', (t) => {
  const tree = plantTree(t, {
    'src/a.ts': 'export const a = clock.nowMs();\nexport const b = clock.nowMs() - a;\n',
    'src/b.ts': '// It is nowMs() - a.\nexport const dueMs = this.nowMs + 1_000;\n',
    'src/c.ts': 'export const leftMs = endMs - this.#world.clock.nowMs();\n',
    'src/d.ts': 'export const ageMs = Date.now() - sinceMs;\n',
    'src/e/f.ts': 'export const ageMs = nowMs - sinceMs;\n',
    'src/a.test.ts': 'export const ageMs = nowMs - sinceMs;\n',
  });
  const exceptions = { 'src/e/': 'a reason', 'src/gone.ts': 'none' };
  const findings = checkWallClock(tree, exceptions);
  const places = ['src/a.ts:2', 'src/b.ts:2', 'src/c.ts:1', 'src/d.ts:1'];
  assert.deepEqual(listPlaces(findings), [...places, 'scripts/tidy/exceptions.ts:1']);
  assert.match(findings.at(-1)?.what ?? '', /names src\/gone\.ts/);
});
