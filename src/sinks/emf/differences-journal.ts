/**
 * The totals of all series in a file beside the queue, so that a process which is killed goes on
 * where it was: no increase is sent twice, and none is left out.
 *
 *     {"format":2,"since":…}             a counter that began later was not counted before
 *     ["s",7,"target","resource","key"]  series 7
 *     ["c",12,[[7,…time,…totals], …]]    commit 12: what has changed
 *     ["t",0,"target"]                   its first reading has begun, and will be several commits
 *     ["t",1,"target"]                   and has ended
 *     ["m"]                              what stands above is in the queue
 *
 * Each line has its checksum behind it. A line that is damaged is left out, and said.
 *
 * A commit is written here first, and then its events go to the queue, as one chunk that names the
 * commit. If the process dies between the two, the last commit of the file has no chunk; the next
 * run then forgets it, and its increase comes with the next reading. Whether it has one is seen in
 * the queue: a chunk cannot have been sent before `mark`, which stands before each request.
 *
 * The file is written anew when it has grown, a part in each turn, while commits go to both files;
 * and when it is gone or was replaced while in use, since all of it is in memory.
 * Limits: COMPACT_MIN_BYTES, or four times what the last new file had.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { sealLine, unsealLine } from '../../kernel/checked-text.ts';
import type { Moment } from '../../kernel/clock.ts';
import { identifyPath } from '../../kernel/file-identity.ts';
import { openPrivate, openPrivately } from '../../kernel/private-files.ts';
import type { CountedSeries, Differences, SeriesPath } from './differences.ts';
import { readJournalLine, type WrittenTotals } from './journal-lines.ts';

const COMPACT_MIN_BYTES = 4 * 1024 * 1024;
const GROWTH_MAX = 4;
/** Series that are written in one turn. */
const SLICE = 2_000;
/** Characters of lines that are read in one turn. */
const READ_SLICE = 512 * 1024;
/** Characters of a line; what one commit has changed is one. */
const LINE_MAX = 256 * 1024 * 1024;

export interface JournalOptions {
  readonly path: string;
  readonly differences: Differences;
  /** Told of a write that failed, once until one succeeds. */
  readonly onError: (error: unknown) => void;
  /** Told of what an earlier run has left and cannot be read. */
  readonly onDamage: (error: unknown) => void;
  /** Told that the file is gone or was replaced, before it is written anew. */
  readonly onGone: () => void;
}

export class DifferencesJournal {
  readonly #options: JournalOptions;
  #current: JournalFile | undefined;
  #next: JournalFile | undefined;
  #commit = 0;
  #isMarked = true;
  #isFailing = false;
  #compactAboveBytes = COMPACT_MIN_BYTES;
  /** Whether the file was not at its path when it was looked at last. */
  #isMissed = false;
  #compacting: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: JournalOptions) {
    this.#options = options;
  }

  /**
   * Reads what an earlier run has written, and begins a new file.
   *
   * @param hasChunk  whether the newest chunk of the queue is that of this commit
   */
  static async open(
    options: JournalOptions,
    hasChunk: (commit: number) => boolean,
    now: Moment,
  ): Promise<DifferencesJournal> {
    const journal = new DifferencesJournal(options);
    journal.#commit = await load(options, hasChunk, now);
    await journal.#compact();
    return journal;
  }

  /** Writes what a commit has changed. @returns  its number, for the chunk */
  write(changed: readonly CountedSeries[]): number {
    this.#commit += 1;
    if (changed.length > 0) {
      this.#isMarked = false;
      const rows = JSON.stringify(changed.map(({ id, lastMs, totals }) => [id, lastMs, ...totals]));
      const line = `["c",${this.#commit},${rows}]\n`;
      this.#writeBoth((file) => file.declare(changed) + line);
    }
    return this.#commit;
  }

  /** Notes that the first reading of a target, in several commits, begins or has ended. */
  writeReading(target: string, hasEnded: boolean): void {
    this.#writeBoth(() => `${JSON.stringify(['t', Number(hasEnded), target])}\n`);
  }

  /** Notes that the chunks of all commits so far are in the queue. */
  mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = this.#writeBoth(() => MARK);
    if ((this.#current?.bytes ?? 0) > this.#compactAboveBytes) this.compact();
  }

  /** Writes the file anew. Never rejects. */
  compact(): void {
    if (this.#next !== undefined || this.#isClosed) return;
    this.#compacting = this.#compact();
  }

  /**
   * Sees that the file is still at its path, and writes it anew where it is not. To be called again
   * and again, while the folder is ours. The second look in a row decides: whoever owns the folder
   * may find between the two that another process has taken it.
   */
  look(): void {
    if (this.#current === undefined || this.#next !== undefined || this.#isClosed) return;
    const isThere = identifyPath(this.#options.path) === this.#current.identity;
    if (isThere || !this.#isMissed) {
      this.#isMissed = !isThere;
      return;
    }
    this.#options.onGone();
    this.compact();
  }

  async close(): Promise<void> {
    this.mark();
    this.#isClosed = true;
    await this.#compacting;
    this.#current?.close();
    this.#current = undefined;
  }

  /** @returns  whether the present file has it */
  #writeBoth(make: (file: JournalFile) => string): boolean {
    const isWritten = this.#write(this.#current, make);
    if (this.#next !== undefined && !this.#write(this.#next, make)) this.#next.isWhole = false;
    // What the file lacks would be counted twice after a kill; a new one has it.
    if (!isWritten) this.#compactAboveBytes = 0;
    return isWritten;
  }

  #write(file: JournalFile | undefined, make: (file: JournalFile) => string): boolean {
    try {
      file?.write(make(file));
      this.#isFailing = false;
      return true;
    } catch (error) {
      this.#noteError(error);
      return false;
    }
  }

  #noteError(error: unknown): void {
    if (!this.#isFailing) this.#options.onError(error);
    this.#isFailing = true;
  }

  async #compact(): Promise<void> {
    const { path, differences } = this.#options;
    const draft = draftOf(path);
    let file: JournalFile | undefined;
    try {
      rmSync(draft, { force: true });
      file = new JournalFile(draft);
      this.#next = file;
      file.write(`${JSON.stringify({ format: 2, since: differences.sinceMs })}\n`);
      for (const slice of slices(differences.list(), SLICE)) {
        file.write(file.declare(slice));
        const rows = slice.map(({ id, lastMs, totals }) => [id, lastMs, ...totals]);
        file.write(`["c",${this.#commit},${JSON.stringify(rows)}]\n${MARK}`);
        await nextTurn();
        if (this.#isClosed) break;
      }
      if (this.#isClosed || !file.isWhole) return;
      for (const { key, firstCommit } of differences.targets.values())
        if (firstCommit === Infinity) file.write(`${JSON.stringify(['t', 0, key])}\n`);
      file.write(`["c",${this.#commit},[]]\n${MARK}`);
      this.#isMarked = true;
      file.sync();
      renameSync(draft, path);
      this.#current?.close();
      this.#current = file;
      this.#compactAboveBytes = Math.max(COMPACT_MIN_BYTES, GROWTH_MAX * file.bytes);
      file = undefined;
    } catch (error) {
      this.#noteError(error);
    } finally {
      this.#next = undefined;
      if (file !== undefined) {
        file.close();
        rmSync(draft, { force: true });
      }
    }
  }
}

const MARK = '["m"]\n';

/** One file that is written at its end. */
class JournalFile {
  bytes = 0;
  /** Whether it has all that was to be written to it. */
  isWhole = true;
  /** As of `identifyPath`, wherever the file is renamed to. */
  readonly identity: string;
  readonly #fd: number;
  readonly #declared = new WeakSet<CountedSeries>();

  constructor(path: string) {
    this.#fd = openPrivate(path, 'w');
    const { dev, ino } = fstatSync(this.#fd);
    this.identity = `${dev} ${ino}`;
  }

  /** The lines that say what the numbers of these series mean, for those of which none does yet. */
  declare(all: readonly CountedSeries[]): string {
    let text = '';
    for (const series of all) {
      if (this.#declared.has(series)) continue;
      this.#declared.add(series);
      const { id, key, resource } = series;
      text += `${JSON.stringify(['s', id, resource.target.key, resource.key, key])}\n`;
    }
    return text;
  }

  /** Whole lines, all of them or nothing. @throws  the error of the file system */
  write(lines: string): void {
    const sealed = lines.split('\n').map((line) => (line === '' ? '' : sealLine(line)));
    const bytes = Buffer.from(sealed.join('\n'));
    try {
      for (let at = 0; at < bytes.length;)
        at += writeSync(this.#fd, bytes, at, bytes.length - at, this.bytes + at);
    } catch (error) {
      ftruncateSync(this.#fd, this.bytes);
      throw error;
    }
    this.bytes += bytes.length;
  }

  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function draftOf(path: string): string {
  return `${path}.new`;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function* slices<Item>(items: Iterable<Item>, length: number): Generator<readonly Item[]> {
  let slice: Item[] = [];
  for (const item of items) {
    slice.push(item);
    if (slice.length < length) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

/** Fills the differences. @returns  the number of the last commit */
async function load(
  { path, differences, onDamage }: JournalOptions,
  hasChunk: (commit: number) => boolean,
  now: Moment,
): Promise<number> {
  const paths = new Map<number, SeriesPath>();
  let commit = 0;
  let doubted: readonly WrittenTotals[] = [];
  /** Targets whose first reading was cut off. */
  const open = new Set<string>();
  const apply = (rows: readonly WrittenTotals[]): void => {
    for (const [id, lastMs, ...totals] of rows) {
      const series = paths.get(id);
      if (series !== undefined) differences.restore(series, totals, lastMs, now);
    }
  };
  let lines = 0;
  let isSealed = true;
  let damaged = 0;
  const take = (line: string): void => {
    // The version before wrote lines without checksums.
    if (lines === 0) isSealed = !line.startsWith('{"format":1,');
    lines += 1;
    const record = readJournalLine(isSealed ? unsealLine(line) : line);
    if (record === undefined) damaged += 1;
    else if (record.kind === 'head')
      differences.sinceMs = Math.min(differences.sinceMs, record.since);
    else if (record.kind === 's') paths.set(record.id, record.path);
    else {
      // What comes behind a commit says that it is in the queue.
      apply(doubted);
      doubted = record.kind === 'c' ? record.rows : [];
      if (record.kind === 'c') commit = record.commit;
      if (record.kind !== 't') return;
      if (record.hasEnded) open.delete(record.target);
      else open.add(record.target);
    }
  };
  try {
    for await (const line of readLines(path)) take(line);
    if (lines === 0) throw new Error(`"${path}" has no whole line`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onDamage(error);
  }
  if (damaged > 0) onDamage(new Error(`${damaged} lines of "${path}" are damaged and left out`));
  if (doubted.length > 0 && hasChunk(commit)) apply(doubted);
  for (const key of open) differences.reopen(key);
  return commit;
}

/**
 * The lines of a file, and turns for other work between them. An end without a newline is left out:
 * a process was killed while it wrote. Throws the file system's error.
 */
async function* readLines(path: string): AsyncGenerator<string> {
  const file = await openPrivately(path);
  try {
    let read = 0;
    let begun: string[] = [];
    let length = 0;
    for await (const piece of file.createReadStream({ encoding: 'utf8', autoClose: false })) {
      const text = piece as string;
      const end = text.lastIndexOf('\n');
      if (end >= 0) {
        yield* (begun.join('') + text.slice(0, end)).split('\n');
        begun = [];
        length = 0;
      }
      begun.push(text.slice(end + 1));
      length += text.length - end - 1;
      if (length > LINE_MAX) throw new Error(`"${path}" has a line that is too long`);
      read += text.length;
      if (read < READ_SLICE) continue;
      read = 0;
      await nextTurn();
    }
  } finally {
    await file.close();
  }
}
