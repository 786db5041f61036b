/**
 * The store on disk: one SQLite file. A write request is a row of `wal` before it is answered; a
 * seal writes the heads as rows of `chunks` and empties `wal` in one transaction. Bodies and chunks
 * are opaque bytes here.
 */
import { closeSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import { identifyPath } from '../../kernel/file-identity.ts';
import { describeUnusable, makeNamedFolder, openPrivate } from '../../kernel/private-files.ts';
import type { MetricMetadata } from '../../wire/remote-write/metadata.ts';

export interface SealedChunk {
  readonly ref: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** A row of `series`; `labels` is JSON. */
export interface SeriesRow {
  readonly ref: number;
  readonly labels: string;
}

/** What a seal moves from memory to disk. */
export interface Sealing {
  readonly series: readonly SeriesRow[];
  readonly chunks: Iterable<SealedChunk>;
  readonly metadata: Iterable<MetricMetadata>;
}

const SCHEMA = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS series (ref INTEGER PRIMARY KEY, labels TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS chunks (ref INTEGER, oldest_ms REAL, newest_ms REAL, count INTEGER, bytes BLOB);
  CREATE INDEX IF NOT EXISTS chunks_of_series ON chunks (ref, newest_ms, oldest_ms);
  CREATE INDEX IF NOT EXISTS chunks_by_age ON chunks (newest_ms);
  CREATE TABLE IF NOT EXISTS metadata (name TEXT PRIMARY KEY, type TEXT, help TEXT, unit TEXT);
  CREATE TABLE IF NOT EXISTS wal (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, body BLOB NOT NULL);
`;

export class Database {
  readonly #directory: string;
  readonly #file: string;
  /** As of `identifyPath`. */
  readonly #identity: string;
  readonly #db: DatabaseSync;
  readonly #chunksOf: StatementSync;
  readonly #insertBody: StatementSync;

  /**
   * Opens `workspace.sqlite` in the directory, and creates both where they are missing.
   *
   * @throws ConfigError where the file can't be opened or another process has it open
   */
  constructor(directory: string) {
    const file = join(directory, 'workspace.sqlite');
    prepareFile(directory, file);
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(file);
      db.exec(SCHEMA);
      // Each process has heads of its own: a second one would not see what the first one took.
      db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;');
      this.#chunksOf = db.prepare(
        'SELECT oldest_ms, newest_ms, count, bytes FROM chunks WHERE ref = ? AND newest_ms > ? ' +
          'AND oldest_ms <= ?',
      );
      this.#insertBody = db.prepare('INSERT INTO wal (at_ms, body) VALUES (?, ?)');
    } catch (error) {
      db?.close();
      throw new ConfigError(
        'STORE_OPEN',
        `cannot open the store "${file}" (${describeError(error)}); is another workspace using ` +
          'it, or was it written by something else? choose another folder with --storage.path',
        { cause: error },
      );
    }
    this.#db = db;
    this.#directory = directory;
    this.#file = file;
    this.#identity = identifyPath(file);
  }

  /** Writes bodies in one transaction; when this returns they are on disk. */
  appendBodies(atMs: number, bodies: readonly Uint8Array[]): void {
    this.#transaction(() => {
      for (const body of bodies) this.#insertBody.run(atMs, body);
    });
  }

  /** The bodies that are not yet sealed, in the order of their arrival. */
  readBodies(): Iterable<{ atMs: number; body: Uint8Array }> {
    return this.#db
      .prepare('SELECT at_ms AS atMs, body FROM wal ORDER BY id')
      .iterate() as unknown as Iterable<{ atMs: number; body: Uint8Array }>;
  }

  /** All series with the oldest and newest time of their chunks, null for one without chunks. */
  readSeries(): Iterable<SeriesRow & { oldestMs: number | null; newestMs: number | null }> {
    return this.#db
      .prepare(
        'SELECT series.ref AS ref, labels, min(oldest_ms) AS oldestMs, max(newest_ms) AS ' +
          'newestMs FROM series LEFT JOIN chunks ON chunks.ref = series.ref GROUP BY ' +
          'series.ref ORDER BY series.ref',
      )
      .iterate() as unknown as ReturnType<Database['readSeries']>;
  }

  /** The chunks that overlap fromMs < t <= toMs; they may also overlap each other. */
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

  /**
   * Inserts chunks, new series and metadata and deletes the write requests that they came from, in
   * one transaction.
   */
  seal({ series, chunks, metadata }: Sealing): void {
    const insertSeries = this.#db.prepare(
      'INSERT OR IGNORE INTO series (ref, labels) VALUES (?, ?)',
    );
    const insertChunk = this.#db.prepare(
      'INSERT INTO chunks (ref, oldest_ms, newest_ms, count, bytes) VALUES (?, ?, ?, ?, ?)',
    );
    const insertMetadata = this.#db.prepare(
      'INSERT OR REPLACE INTO metadata (name, type, help, unit) VALUES (?, ?, ?, ?)',
    );
    this.#transaction(() => {
      for (const { ref, labels } of series) insertSeries.run(ref, labels);
      for (const { ref, oldestMs, newestMs, count, bytes } of chunks)
        insertChunk.run(ref, oldestMs, newestMs, count, bytes);
      for (const { name, type, help, unit } of metadata) insertMetadata.run(name, type, help, unit);
      this.#db.exec('DELETE FROM wal');
    });
  }

  /**
   * Deletes the chunks whose samples are all before a time, and the series `gone`; then returns
   * surplus free pages to the file system.
   */
  deleteBefore(ms: number, gone: Iterable<number>): void {
    const removeSeries = this.#db.prepare('DELETE FROM series WHERE ref = ?');
    this.#transaction(() => {
      this.#db.prepare('DELETE FROM chunks WHERE newest_ms < ?').run(ms);
      for (const ref of gone) removeSeries.run(ref);
    });
    // The next write requests use free pages again, so half of them are returned, and only when
    // more than half of the file is free.
    const free = this.#pragma('freelist_count');
    if (free > this.#pragma('page_count') / 2) {
      this.#db.exec(`PRAGMA incremental_vacuum(${Math.floor(free / 2)})`);
    }
  }

  readMetadata(): MetricMetadata[] {
    return this.#db
      .prepare('SELECT name, type, help, unit FROM metadata')
      .all() as unknown as MetricMetadata[];
  }

  /** `gone`: no name leads to the open file; `replaced`: another file has its name. */
  look(): 'there' | 'gone' | 'replaced' {
    const identity = identifyPath(this.#file);
    if (identity === this.#identity) return 'there';
    return identity === '' ? 'gone' : 'replaced';
  }

  /**
   * Writes all that is in a file that is gone to a new one of its name, and opens that. This one is
   * closed then. Where it throws, this one goes on.
   */
  moveHome(): Database {
    const draft = `${this.#file}.new`;
    makeNamedFolder(this.#directory, '--storage.path');
    rmSync(draft, { force: true });
    closeSync(openPrivate(draft, 'wx'));
    this.#db.prepare('VACUUM INTO ?').run(draft);
    // What is in them belongs to the file that is gone.
    for (const suffix of ['-wal', '-shm']) rmSync(`${this.#file}${suffix}`, { force: true });
    if (existsSync(this.#file)) throw new Error(`"${this.#file}" has come back meanwhile`);
    renameSync(draft, this.#file);
    const next = new Database(this.#directory);
    this.close();
    return next;
  }

  close(): void {
    this.#db.close();
  }

  #pragma(name: 'freelist_count' | 'page_count'): number {
    return Number(this.#db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      // On a full disk SQLite may have rolled back by itself; another ROLLBACK would throw.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

/**
 * Makes the file where it is missing, for this user alone: SQLite gives its other files the same
 * permissions. A link of its name is not followed.
 */
function prepareFile(directory: string, file: string): void {
  makeNamedFolder(directory, '--storage.path');
  try {
    closeSync(openPrivate(file, 'a'));
  } catch (error) {
    throw describeUnusable(directory, '--storage.path', error);
  }
}
