/**
 * The store's durability: one SQLite file. A write request is a row of `wal` before it is answered; sealing turns the
 * heads into rows of `chunks` and empties `wal` in one transaction.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ConfigError } from '../../kernel/errors.ts';

export interface SealedChunk {
  readonly ref: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS series (ref INTEGER PRIMARY KEY, labels TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS chunks (ref INTEGER, oldest_ms REAL, newest_ms REAL, count INTEGER, bytes BLOB);
  CREATE INDEX IF NOT EXISTS chunks_of_series ON chunks (ref, newest_ms);
  CREATE INDEX IF NOT EXISTS chunks_by_age ON chunks (newest_ms);
  CREATE TABLE IF NOT EXISTS metadata (name TEXT PRIMARY KEY, type TEXT, help TEXT, unit TEXT);
  CREATE TABLE IF NOT EXISTS wal (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
`;

export class Database {
  readonly #db: DatabaseSync;
  readonly #chunksOf: StatementSync;
  readonly #insertBody: StatementSync;

  /** Opens or makes `workspace.sqlite` in the directory. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, 'workspace.sqlite');
    try {
      this.#db = new DatabaseSync(file);
      this.#db.exec(SCHEMA);
      // A second process on the same file would answer from a head of its own.
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
    } catch (error) {
      throw new ConfigError(
        'STORE_OPEN',
        `cannot open the store ${file}; is another workspace using it? choose another folder with --data`,
        { cause: error },
      );
    }
    this.#chunksOf = this.#db.prepare(
      'SELECT oldest_ms, newest_ms, count, bytes FROM chunks WHERE ref = ? AND newest_ms > ? AND oldest_ms <= ?',
    );
    this.#insertBody = this.#db.prepare('INSERT INTO wal (body) VALUES (?)');
  }

  /** All bodies in one transaction: when this returns they are on the disk. */
  appendBodies(bodies: readonly Uint8Array[]): void {
    this.#transaction(() => {
      for (const body of bodies) this.#insertBody.run(body);
    });
  }

  bodies(): Iterable<Uint8Array> {
    const rows = this.#db.prepare('SELECT body FROM wal ORDER BY id').iterate() as Iterable<{
      body: Uint8Array;
    }>;
    return (function* () {
      for (const row of rows) yield row.body;
    })();
  }

  series(): { ref: number; labels: string; newestMs: number }[] {
    return this.#db
      .prepare(
        'SELECT series.ref AS ref, labels, coalesce(max(newest_ms), -1e300) AS newestMs FROM series LEFT JOIN chunks ON chunks.ref = series.ref GROUP BY series.ref ORDER BY series.ref',
      )
      .all() as { ref: number; labels: string; newestMs: number }[];
  }

  /** Chunks that may hold samples fromMs < t <= toMs; they may overlap. */
  chunksOf(ref: number, fromMs: number, toMs: number): SealedChunk[] {
    const rows = this.#chunksOf.all(ref, fromMs, toMs) as {
      oldest_ms: number;
      newest_ms: number;
      count: number;
      bytes: Uint8Array;
    }[];
    return rows.map((row) => ({
      ref,
      oldestMs: row.oldest_ms,
      newestMs: row.newest_ms,
      count: row.count,
      bytes: row.bytes,
    }));
  }

  /** Sealed chunks and new series in, the write requests that they hold out: all or nothing. */
  seal(series: readonly { ref: number; labels: string }[], chunks: readonly SealedChunk[]): void {
    const insertSeries = this.#db.prepare(
      'INSERT OR IGNORE INTO series (ref, labels) VALUES (?, ?)',
    );
    const insertChunk = this.#db.prepare(
      'INSERT INTO chunks (ref, oldest_ms, newest_ms, count, bytes) VALUES (?, ?, ?, ?, ?)',
    );
    this.#transaction(() => {
      for (const { ref, labels } of series) insertSeries.run(ref, labels);
      for (const { ref, oldestMs, newestMs, count, bytes } of chunks)
        insertChunk.run(ref, oldestMs, newestMs, count, bytes);
      this.#db.exec('DELETE FROM wal');
    });
  }

  /** Deletes chunks without a sample after the time, and the series that are left with none; gives their refs. */
  deleteBefore(ms: number, keep: (ref: number) => boolean): number[] {
    let gone: number[] = [];
    this.#transaction(() => {
      this.#db.prepare('DELETE FROM chunks WHERE newest_ms < ?').run(ms);
      const rows = this.#db
        .prepare(
          'SELECT ref FROM series WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.ref = series.ref)',
        )
        .all() as { ref: number }[];
      gone = rows.map(({ ref }) => ref).filter((ref) => !keep(ref));
      const remove = this.#db.prepare('DELETE FROM series WHERE ref = ?');
      for (const ref of gone) remove.run(ref);
    });
    return gone;
  }

  putMetadata(name: string, type: string, help: string, unit: string): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO metadata (name, type, help, unit) VALUES (?, ?, ?, ?)')
      .run(name, type, help, unit);
  }

  metadata(): { name: string; type: string; help: string; unit: string }[] {
    return this.#db.prepare('SELECT name, type, help, unit FROM metadata').all() as {
      name: string;
      type: string;
      help: string;
      unit: string;
    }[];
  }

  close(): void {
    this.#db.close();
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
