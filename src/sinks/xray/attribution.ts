/**
 * Which documents of a request X-Ray means in its list of those that it did not process. It names
 * them by id, but not always: a document in which it finds no id has none there, two documents may
 * have one id, and the id may be that of a subsegment within the document. Pure.
 */
import { readHead } from '../../wire/xray/document.ts';
import type { Unprocessed } from './answer.ts';

export interface Attribution {
  /** What X-Ray says, by the index of the document. */
  readonly meant: ReadonlyMap<number, Unprocessed>;
  /** Indexes of the documents among which those are that the rest of the list means. */
  readonly unclear: readonly number[];
  /** What X-Ray says of documents without an id, or with an id that none has. */
  readonly nameless: readonly Unprocessed[];
}

export function attribute(
  documents: readonly Buffer[],
  unprocessed: readonly Unprocessed[],
): Attribution {
  const meant = new Map<number, Unprocessed>();
  if (unprocessed.length === 0) return { meant, unclear: [], nameless: [] };
  const ids = documents.map((document) => readHead(document).id);
  const unclear = new Set<number>();
  const nameless: Unprocessed[] = [];
  for (const [id, entries] of groupById(unprocessed)) {
    const found = id === '' ? [] : find(documents, ids, id);
    if (found.length === 0) nameless.push(...entries);
    else if (!assign(found, entries, meant)) for (const index of found) unclear.add(index);
  }
  if (nameless.length > 0) {
    const all = [...documents.keys()].filter((index) => !meant.has(index) && !unclear.has(index));
    const withoutId = all.filter((index) => ids[index] === undefined);
    const candidates = withoutId.length >= nameless.length ? withoutId : all;
    if (!assign(candidates, nameless, meant)) for (const index of candidates) unclear.add(index);
  }
  return { meant, unclear: [...unclear], nameless };
}

/** Whether there are as many entries as documents, so that each document has one. */
function assign(
  indexes: readonly number[],
  entries: readonly Unprocessed[],
  meant: Map<number, Unprocessed>,
): boolean {
  if (entries.length < indexes.length) return false;
  for (const [at, index] of indexes.entries()) {
    const entry = entries[at];
    if (entry !== undefined) meant.set(index, entry);
  }
  return true;
}

function groupById(unprocessed: readonly Unprocessed[]): Map<string, Unprocessed[]> {
  const groups = new Map<string, Unprocessed[]>();
  for (const entry of unprocessed) {
    const group = groups.get(entry.id);
    if (group === undefined) groups.set(entry.id, [entry]);
    else group.push(entry);
  }
  return groups;
}

/** The documents with this id, or else those in which a subsegment has it. */
function find(
  documents: readonly Buffer[],
  ids: readonly (string | undefined)[],
  id: string,
): number[] {
  const own = [...ids.keys()].filter((index) => ids[index] === id);
  if (own.length > 0) return own;
  const inner = Buffer.from(`"id":${JSON.stringify(id)}`);
  const spaced = Buffer.from(`"id": ${JSON.stringify(id)}`);
  return [...documents.keys()].filter(
    (index) => documents[index]?.includes(inner) === true || documents[index]?.includes(spaced),
  );
}
