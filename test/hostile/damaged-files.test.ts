/**
 * Files of ours that hold something else than what we wrote: other values behind a right checksum,
 * values of other types, halves, too much. Whoever reads them back starts, and says what is lost,
 * or refuses with words; nothing fails as a mistake of the program does.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { ConfigSources } from '../../src/config/sources/sources.ts';
import { Snapshots } from '../../src/discovery/ecs/snapshots.ts';
import type { DiscoveryWorld } from '../../src/discovery/mechanism.ts';
import { sealLine, sealText, unsealLine, unsealText } from '../../src/kernel/checked-text.ts';
import { ConfigError } from '../../src/kernel/errors.ts';
import { Differences } from '../../src/sinks/emf/differences.ts';
import { DifferencesJournal } from '../../src/sinks/emf/differences-journal.ts';
import { STORE_DEFAULTS, Store } from '../../src/workspace/storage/store.ts';
import { openQueue } from '../kit/durable-queue.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { momentAt } from '../kit/moment.ts';
import { numberedChunk, takeAll } from '../kit/numbered-chunks.ts';
import { createWorld } from '../kit/world.ts';

/** Reads what is in the folder, and leaves what the next one reads. @returns  what it said */
type Life = (folder: string) => Promise<string>;

const CONFIG = 'scrape_configs: []';

const lives: Readonly<Record<string, Life>> = {
  queue: async (folder) => {
    const world = createWorld();
    const queue = await openQueue(folder, {}, world);
    await takeAll(queue);
    for (let i = 0; i < 3; i++) queue.append(numberedChunk(i));
    await queue.stop();
    return world.lines.join('\n');
  },
  journal: async (folder) => {
    const said: string[] = [];
    const onUnsent = (): void => undefined;
    const options = {
      path: join(folder, 'increases.journal'),
      differences: new Differences({ retainsInitialValue: false, onUnsent }, 0),
      onError: (error: unknown) => void said.push(String(error)),
      onDamage: (...given: unknown[]) => void said.push(JSON.stringify(given)),
      onGone: () => undefined,
    };
    const journal = await DifferencesJournal.open(options, () => true, momentAt(0));
    journal.write([]);
    journal.mark();
    await journal.close();
    return said.join('\n');
  },
  'kept configuration': async (folder) => {
    const world = createWorld();
    // The variable is there in the first life alone.
    const env = readdirSync(folder).length === 0 ? { TEXT: CONFIG } : {};
    const options = { uris: ['env:TEXT'], world, env, cacheDirectory: folder };
    const sources = new ConfigSources(options);
    const { text } = await sources.readAtStart();
    assert.equal(typeof text, 'string');
    await sources.keep();
    sources.close();
    return world.lines.join('\n');
  },
  'snapshots of clusters': async (folder) => {
    const world = createWorld();
    const discovery = { ...world, baseDirectory: folder } as unknown as DiscoveryWorld;
    const snapshots = new Snapshots(folder, 3_600_000, discovery);
    const found = await snapshots.read('cluster');
    for (const task of found?.tasks ?? []) assert.equal(typeof task.taskArn, 'string');
    for (const name of (await snapshots.readNames('names')) ?? [])
      assert.equal(typeof name, 'string');
    const tasks = [{ taskArn: 'arn:a', containers: [], attachments: [], tags: [] }];
    const lists = { containerInstances: [], instances: [], services: [], interfaces: [] };
    const definitions = [{ arn: 'arn:d', containers: [] }];
    const snapshot = (atMs: number) => ({
      version: 2 as const,
      atMs,
      tasks,
      definitions,
      ...lists,
    });
    await snapshots.keep('cluster', { changes: 1, snapshot } as never);
    await snapshots.writeNames('names', ['a']);
    return world.lines.join('\n');
  },
};

const VALUES: readonly unknown[] = [
  null,
  [],
  {},
  '',
  -1,
  1e308,
  'x',
  [null],
  [[null]],
  { version: 2 },
  { version: 2, cursors: null },
  { version: 2, cursors: { '0/1': null } },
  { version: 2, cursors: { '0/1': ['a', -1] } },
  { version: 2, cursors: { '0/1': [1e308, 1e308] } },
  { version: 2, atMs: 1_700_000_000_000, names: null },
  { text: null, version: 1 },
  { format: 2, since: null },
  ['s', 1],
  ['s', null, null],
  ['c', 'x', { a: null }],
  ['c', 1, [[1, null, 'x']]],
  ['m', 1],
  { pid: null, startTicks: [], namespace: 1 },
];

function damageText(text: string): readonly string[] {
  const values = VALUES.map((value) => JSON.stringify(value));
  const lines = text.split('\n');
  const isByLine = lines.some((line) => unsealLine(line) !== undefined);
  return [
    ...values,
    ...values.map((value) => sealText([value]).join('')),
    ...(isByLine
      ? values.flatMap((value) => [
          `${sealLine(value)}\n`,
          `${lines[0] ?? ''}\n${sealLine(value)}\n${lines.slice(1).join('\n')}`,
        ])
      : []),
    // Each value of the text in turn, of another type, and sealed again.
    ...[...text.matchAll(/(?<=[:,[])(?:"[^"]*"|\d+|\[\]|\{\})/g)].flatMap(({ index, 0: found }) =>
      ['null', '[null]', '-1e308', '"x"'].map((value) =>
        reseal(text.slice(0, index) + value + text.slice(index + found.length)),
      ),
    ),
  ];
}

/** With right checksums, of the whole or of its lines. */
function reseal(text: string): string {
  if (/\n#crc32 \w+\n$/.test(text)) return sealText([text.replace(/\n#crc32 \w+\n$/, '')]).join('');
  return text.replaceAll(/^(.*) [0-9a-f]{8}$/gm, (_, line: string) => sealLine(line));
}

const MISTAKES =
  /TypeError|RangeError|ReferenceError|BUG|Cannot read|not iterable|is not a function/;

async function live(life: Life, folder: string, what: string): Promise<void> {
  const said = await life(folder).catch((error: unknown) => {
    assert.ok(error instanceof ConfigError, `${what}: ${(error as Error).stack ?? ''}`);
    return error.message;
  });
  assert.ok(!MISTAKES.test(said), `${what}: ${said}`);
}

for (const [name, life] of Object.entries(lives))
  test(`${name}: what a file has that was changed behind our back is no mistake of ours`, async (t) => {
    const first = temporaryFolder(t);
    await life(first);
    const files = readdirSync(first).filter((file) => statSync(join(first, file)).isFile());
    assert.ok(files.length > 0);
    for (const file of files) {
      const whole = readFileSync(join(first, file));
      const text = whole.toString();
      const isText = Buffer.from(text).equals(whole);
      if (isText && /#crc32/.test(text)) assert.ok(unsealText(reseal(text)) !== undefined);
      const damaged: readonly (string | Buffer)[] = [
        ...(isText ? damageText(text) : []),
        ...Array.from({ length: 16 }, (_, i) => whole.subarray(0, (whole.length * i) / 16)),
        Buffer.concat([whole, whole]),
        Buffer.concat([whole, Buffer.alloc(100_000, 0xff)]),
        Buffer.alloc(whole.length),
      ];
      for (const content of damaged) {
        const folder = temporaryFolder(t);
        for (const other of files)
          writeFileSync(join(folder, other), readFileSync(join(first, other)));
        writeFileSync(join(folder, file), content);
        await live(life, folder, `${file} ${JSON.stringify(content.toString().slice(0, 300))}`);
      }
      // Larger than any memory, of which the disk holds nothing.
      const folder = temporaryFolder(t);
      writeFileSync(join(folder, file), whole);
      truncateSync(join(folder, file), 3e9);
      await live(life, folder, `${file} of 3 GB`);
    }
  });

test('workspace: rows that are no rows of ours are said, or leave the rest as it is', async (t) => {
  for (const damage of [
    '',
    "UPDATE series SET labels = 'null'",
    "UPDATE series SET labels = '[1]'",
    `UPDATE series SET labels = '[{"name":"a","value":null}]'`,
    "UPDATE series SET labels = 'x'",
    'UPDATE series SET ref = 9e15',
    "UPDATE wal SET body = x'ff'",
    'UPDATE wal SET body = zeroblob(1000)',
    "UPDATE wal SET at_ms = 'x'",
    "UPDATE chunks SET bytes = x'00ff'",
    "UPDATE chunks SET oldest_ms = NULL, newest_ms = NULL, count = 'x'",
    "INSERT INTO chunks VALUES (77, 0, 1e15, 5, x'00')",
    'INSERT INTO metadata VALUES (NULL, 1, NULL, NULL)',
    'DROP TABLE series',
    'ALTER TABLE series RENAME COLUMN labels TO other',
    'DROP TABLE wal; CREATE TABLE wal (x)',
  ]) {
    const directory = temporaryFolder(t);
    const open = async (): Promise<string> => {
      const world = createWorld();
      const store = new Store({ ...STORE_DEFAULTS, directory }, world);
      await store.start();
      await store.stop();
      return world.lines.join('\n');
    };
    await open();
    const database = new DatabaseSync(join(directory, 'workspace.sqlite'));
    database.exec(`INSERT INTO series VALUES (1, '[{"name":"__name__","value":"a"}]')`);
    database.exec("INSERT INTO wal (at_ms, body) VALUES (1, x'00')");
    database.exec("INSERT INTO chunks VALUES (1, 0, 1, 1, x'00')");
    database.exec(damage);
    database.close();
    const said = await open().catch((error: unknown) => error);
    assert.ok(
      !(said instanceof Error) || said instanceof ConfigError,
      `${damage}: ${String(said)}`,
    );
    assert.ok(!MISTAKES.test(String(said)), `${damage}: ${String(said)}`);
    if (damage === '') assert.equal(typeof said, 'string', String(said));
  }
});
