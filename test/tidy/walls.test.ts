/**
 * Checks that each wall of oxlint.config.ts stands: breaches are planted in a copy of src, each in
 * a file of its own, and the linter must report each of them. It runs once for all, because its
 * start costs the most.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { layers, pure, rooms } from '../../oxlint.config.ts';
import { ACTING, declaresPure } from '../../scripts/lint/purity.ts';

/** A planted file, and what test titles call it. */
interface Plant {
  readonly label: string;
  /** Path without extension. */
  readonly file: string;
  readonly text: string;
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const LINTER = path.join(ROOT, 'node_modules/oxlint/bin/oxlint');
const tree = mkdtempSync(path.join(tmpdir(), 'amperage-walls-'));
after(() => rmSync(tree, { recursive: true, force: true }));
for (const part of ['src', 'scripts/lint', 'oxlint.config.ts'])
  cpSync(path.join(ROOT, part), path.join(tree, part), { recursive: true });
symlinkSync(path.join(ROOT, 'node_modules'), path.join(tree, 'node_modules'));

function lint(files: readonly string[]): { output: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(
    // The Node of the tests: the one of the shell may be too old to read oxlint.config.ts.
    process.execPath,
    [LINTER, '--format', 'unix', '-A', 'no-unused-vars', ...files],
    { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  return { output: stdout + stderr, status };
}

const planted = new Map<string, string>();
let lines: readonly string[] | undefined;

function plant(plants: readonly Omit<Plant, 'label'>[]): void {
  for (const { file, text } of plants) {
    assert.ok(!planted.has(`${file}.ts`), `${file} is planted twice`);
    planted.set(`${file}.ts`, text);
  }
}

/** What the linter reports about a planted file. */
function readVerdict(file: string): readonly string[] {
  if (lines === undefined) {
    for (const [name, text] of planted) {
      mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
      writeFileSync(path.join(tree, name), text);
    }
    lines = lint([...planted.keys()]).output.split('\n');
  }
  return lines.filter((line) => line.startsWith(`${file}.ts:`));
}

/** Plants them and makes a test that each of them is found. */
function testFound(name: string, rule: RegExp, plants: readonly Plant[]): void {
  plant(plants);
  test(name, () => {
    assert.ok(plants.length > 0);
    for (const { label, file } of plants) {
      const said = readVerdict(file);
      const message = `${label} was not found; the linter said: ${said.join('\n')}`;
      assert.ok(
        said.some((line) => rule.test(line)),
        message,
      );
    }
  });
}

/** Plants them and makes a test that the linter is content with each. */
function testContent(name: string, plants: readonly Plant[]): void {
  plant(plants);
  test(name, () => {
    for (const { label, file } of plants) {
      assert.deepEqual(
        readVerdict(file).filter((line) => /no-restricted/.test(line)),
        [],
        label,
      );
    }
  });
}

const IMPORTS = /no-restricted-imports/;
const names = Object.keys(layers);

testFound(
  'a folder that imports one outside its row is found, for each pair of folders',
  IMPORTS,
  names
    .flatMap((from) => names.map((to) => [from, to] as const))
    .filter(([from, to]) => from !== to && layers[from]?.includes(to) !== true)
    .map(([from, to]) => {
      const imported = to === 'main' ? 'main.ts' : `${to}/one.ts`;
      return {
        label: `${from} → ${to}`,
        file: from === 'main' ? `src/to-${to}` : `src/${from}/to-${to}`,
        text: `import '${from === 'main' ? './' : '../'}${imported}';\n`,
      };
    }),
);

testContent(
  'a folder that imports only folders of its row is accepted',
  names
    .filter((from) => from !== 'main')
    .map((from) => ({
      label: from,
      file: `src/${from}/to-its-row`,
      text: layers[from]?.map((to) => `export * from '../${to}/one.ts';\n`).join('') ?? '',
    })),
);

testFound(
  'each way to write an import is checked',
  /no-restricted-imports|consistent-type-imports|no-require-imports/,
  [
    "import { one } from '../kernel/clock.ts';",
    "import type { One } from '../kernel/clock.ts';",
    "import { type One } from '../kernel/clock.ts';",
    "import * as all from '../kernel/clock.ts';",
    "export { one } from '../kernel/clock.ts';",
    "export type { One } from '../kernel/clock.ts';",
    "export * from '../kernel/clock.ts';",
    "export const later = await import('../kernel/clock.ts');",
    "export type One = import('../kernel/clock.ts').Clock;",
    "export const now = require('../kernel/clock.ts');",
    "export * from '../../src/kernel/clock.ts';",
    "export * from './../kernel/clock.ts';",
    "export * from '../model/../kernel/clock.ts';",
  ].map((text, index) => ({ label: text, file: `src/wire/way-${index}`, text })),
);

testFound(
  'rooms of one folder that import each other are found, and what they share that imports a room',
  IMPORTS,
  Object.entries(rooms).flatMap(([place, { rooms: table, joints = [] }]) => {
    const closed = Object.entries(table).flatMap(([room, open]) =>
      [...Object.keys(table), ...joints]
        .filter((other) => other !== room && !open.includes(other))
        .map((other) => [`${place}/${room}/to-${other}`, `../${other}`]),
    );
    const shared = Object.keys(table).map((room) => [`${place}/to-room-${room}`, `./${room}`]);
    return [...closed, ...shared].flatMap(([file = '', to = '']) => [
      { label: `${file} → ${to}.ts`, file: `src/${file}-file`, text: `import '${to}.ts';\n` },
      { label: `${file} → ${to}/`, file: `src/${file}-folder`, text: `import '${to}/one.ts';\n` },
    ]);
  }),
);

testContent('rooms may import the rooms of their row, and what their folder shares', [
  { label: 'api → storage', file: 'src/workspace/api/up', text: "import '../storage/one.ts';\n" },
  { label: 'deep', file: 'src/sinks/remote-write/way-in/a', text: "import '../config.ts';\n" },
]);

testFound(
  'a room that comes back by a longer path is found',
  IMPORTS,
  [
    '../../sinks/remote-write/kind.ts',
    '../../../src/sinks/remote-write/kind.ts',
    '../file/../remote-write/kind.ts',
    './.././remote-write/kind.ts',
  ].map((to, index) => ({
    label: to,
    file: `src/sinks/file/back-${index}`,
    text: `import '${to}';\n`,
  })),
);

testFound(
  'code that ships and imports a test is found',
  IMPORTS,
  ['../../test/peers.ts', './cache.test.ts', '../../scripts/tidy.ts'].map((to, index) => ({
    label: to,
    file: `src/scrape/test-${index}`,
    text: `import '${to}';\n`,
  })),
);

/** What pure code may not do, one a line. */
const IMPURE = [
  'export const now = Date.now();',
  'export const now = new Date();',
  'export const now = performance.now();',
  'export const now = globalThis.Date.now();',
  'export const now = process.hrtime.bigint();',
  "import { hrtime } from 'node:process';\nexport const now = hrtime();",
  "import { performance } from 'node:perf_hooks';\nexport const now = performance.now();",
  'export const now = Temporal.Now.instant();',
  'export const dice = Math.random();',
  'export const { random } = Math;',
  'export const dice = crypto.randomUUID();',
  "import { randomBytes } from 'node:crypto';\nexport const dice = randomBytes(1);",
  "import * as all from 'node:crypto';\nexport const dice = all.randomBytes(1);",
  "import { lookup } from 'node:dns';\nexport const look = lookup;",
  "import { resolve } from 'node:dns/promises';\nexport const look = resolve;",
  'setTimeout(() => undefined, 1);',
  'setInterval(() => undefined, 1);',
  'setImmediate(() => undefined);',
  'queueMicrotask(() => undefined);',
  "import { setTimeout as wait } from 'node:timers/promises';\nexport const later = wait(1);",
  "import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x');",
  "import { readFileSync } from 'fs';\nexport const text = readFileSync('x');",
  "export const fs = await import('node:fs');",
  "import { request } from 'node:http';\nexport const ask = request;",
  "import { connect } from 'node:net';\nexport const join = connect;",
  "import { request } from 'undici';\nexport const ask = request;",
  "export const answer = await fetch('http://localhost/');",
  'export const home = process.env;',
  'console.log(1);',
];

const PURITY = /no-restricted-(?:imports|globals|properties)/;

testFound(
  'pure folders may not use a clock, randomness, DNS, timers, I/O, the process or the console',
  PURITY,
  pure.flatMap((folder) =>
    IMPURE.map((text, index) => ({
      label: `${folder}: ${text}`,
      file: `src/${folder}/impure-${index}`,
      text: `${text}\n`,
    })),
  ),
);

testFound(
  'a file elsewhere that calls itself pure is checked too, and may not use the clock of the kernel',
  PURITY,
  [
    ...IMPURE,
    "import { systemClock } from '../kernel/clock.ts';\nexport const now = systemClock;",
    "import { Logger } from '../kernel/logger.ts';\nexport const log = Logger;",
  ].map((text, index) => ({
    label: text,
    file: `src/sharding/impure-${index}`,
    text: `/** Where things go. Pure. */\n${text}\n`,
  })),
);

testContent('impure code may use the clock, and pure code may import types of impure code', [
  { label: 'clock', file: 'src/sharding/now', text: 'export const now = Date.now();\n' },
  {
    label: 'types',
    file: 'src/sharding/types',
    text: [
      '/** Pure. */',
      "import type { IncomingMessage } from 'node:http';",
      "import type { Clock } from '../kernel/clock.ts';",
      'export type Both = IncomingMessage & Clock;',
    ].join('\n'),
  },
  {
    label: 'hash',
    file: 'src/relabel/hash',
    text: [
      "import { Buffer } from 'node:buffer';",
      "import { createHash } from 'node:crypto';",
      'export const both = [createHash, Buffer];',
    ].join('\n'),
  },
]);

test('a header declares a file pure by a sentence that begins with "Pure"', () => {
  assert.ok(declaresPure('/** What is. Pure. */'));
  assert.ok(declaresPure('/**\n * What is.\n * Pure; no streams.\n */'));
  assert.ok(!declaresPure('/** What pure code may not do. */'));
  assert.ok(!declaresPure('/** What is. */\n/** Below. Pure. */'));
});

test('each module of the kernel that pure code may not import exists', () => {
  const isGone = (name: string): boolean => !existsSync(path.join(ROOT, `src/kernel/${name}.ts`));
  assert.deepEqual(ACTING.filter(isGone), []);
});

test('a row without its folder stops the linter, and so does a folder without its row', () => {
  assert.ok(readVerdict('src/sharding/impure-0').length > 0, 'the other tests have run');
  mkdirSync(path.join(tree, 'src/receivers'));
  writeFileSync(path.join(tree, 'src/receivers/otlp.ts'), 'export {};\n');
  const unnamed = lint(['src/receivers']);
  assert.notEqual(unnamed.status, 0);
  assert.match(unnamed.output, /src\/receivers has no row in oxlint\.config\.ts/);
  rmSync(path.join(tree, 'src/receivers'), { recursive: true });
  rmSync(path.join(tree, 'src/sharding'), { recursive: true });
  const gone = lint(['src/model']);
  assert.notEqual(gone.status, 0);
  assert.match(gone.output, /names src\/sharding, which does not exist/);
});
