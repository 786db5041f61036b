/**
 * Links and other things that somebody has planted in our data folders: none of our writers follows
 * a link, waits for the other end of a pipe or fails without words, and what they make is for this
 * user alone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../../src/kernel/errors.ts';
import { Differences } from '../../src/sinks/emf/differences.ts';
import { DifferencesJournal } from '../../src/sinks/emf/differences-journal.ts';
import { Database } from '../../src/workspace/storage/database.ts';
import { openQueue } from '../kit/durable-queue.ts';
import { momentAt } from '../kit/moment.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { numberedChunk, takeAll } from '../kit/numbered-chunks.ts';
import { createWorld } from '../kit/world.ts';

/** Each writes into a folder what it writes there in its life. It may also refuse. */
const writers: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  queue: async (folder) => {
    const world = createWorld();
    const opening = openQueue(folder, {}, world);
    opening.catch(() => undefined);
    // A link in the place of the lock is looked at for as long as any lock.
    await world.clock.advance(9_000);
    const queue = await opening;
    for (let i = 0; i < 3; i++) queue.append(numberedChunk(i));
    await takeAll(queue);
    queue.append(numberedChunk(3));
    await queue.stop();
  },
  journal: async (folder) => {
    const differences = new Differences(
      { retainsInitialValue: false, onUnsent: () => undefined },
      0,
    );
    const path = join(folder, 'increases.journal');
    const options = {
      path,
      differences,
      onError: () => undefined,
      onDamage: () => undefined,
      onGone: () => undefined,
    };
    const journal = await DifferencesJournal.open(options, () => false, momentAt(0));
    journal.write([]);
    await journal.close();
  },
  workspace: async (folder) => {
    const database = new Database(folder);
    database.appendBodies(0, [Buffer.from('x')]);
    database.close();
  },
};

/** Names that a writer uses, and some that it has used. */
const names = [
  'cursor',
  'cursor.tmp',
  'lock',
  'lock.claim',
  '0000000001.seg',
  'increases.journal',
  'increases.journal.new',
  'workspace.sqlite',
];

/** What may stand where we have a file. */
const planted: Readonly<Record<string, (path: string) => void>> = {
  'a pipe': (path) => spawnSync('mkfifo', [path]),
  'a folder': (path) => mkdirSync(join(path, 'below'), { recursive: true }),
  'an empty file': (path) => writeFileSync(path, ''),
  null: (path) => writeFileSync(path, 'null'),
  'an empty object': (path) => writeFileSync(path, '{}'),
  garbage: (path) => writeFileSync(path, Buffer.alloc(10_000_000, 'garbage AMQ1')),
};

for (const [name, write] of Object.entries(writers)) {
  test(`${name}: a planted link is not followed`, async (t) => {
    for (const link of names) {
      const folder = temporaryFolder(t);
      const victim = join(temporaryFolder(t), 'victim');
      writeFileSync(victim, 'as it was');
      symlinkSync(victim, join(folder, link));
      await write(folder).catch(() => undefined);
      assert.equal(readFileSync(victim, 'utf8'), 'as it was', link);
      // A link to nothing would let us make a file elsewhere.
      rmSync(victim);
      await write(folder).catch(() => undefined);
      assert.ok(!existsSync(victim), link);
    }
  });

  for (const [kind, plant] of Object.entries(planted))
    test(`bug: ${name}: in the place of a file is ${kind}`, async (t) => {
      for (const file of names) {
        const folder = temporaryFolder(t);
        plant(join(folder, file));
        await write(folder).catch((error: unknown) => {
          assert.ok(error instanceof ConfigError, `${file}: ${String(error)}`);
          assert.match(error.message, new RegExp(`"${folder}.*(?:\\)|with --storage.path)`), file);
        });
      }
    });

  test(`${name}: folders and files are for this user alone`, async (t) => {
    const folder = join(temporaryFolder(t), 'data');
    await (name === 'journal'
      ? writers['queue']!(folder).then(() => write(folder))
      : write(folder));
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    const files = readdirSync(folder);
    assert.ok(files.length > 0);
    for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  });
}

test('bug: a data folder that cannot be used is said with its flag, and blames no other workspace', (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  mkdirSync(join(folder, 'data', 'workspace.sqlite'), { recursive: true });
  for (const path of [file, join(file, 'below'), join(folder, 'data')])
    assert.throws(
      () => new Database(path),
      /--storage\.path ".*" can't be used as a folder \(.*\); name a/,
    );
});
