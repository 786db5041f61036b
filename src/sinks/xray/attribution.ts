/**
 * Which documents of a request X-Ray means in its list of those that it did not process. It names
 * them by id, but not always: a document in which it finds no id has none there, two documents may
 * have one id, the id may be that of a subsegment within the document, and its letters may be
 * small where the document has capitals. Where more than one document may be meant, all of them
 * are unclear: blaming the wrong one loses it, and takes the right one for delivered. Pure.
 */
import { readHead } from '../../wire/xray/document.ts';
import type { Unprocessed } from './answer.ts';

export interface Attribution {
  /** What X-Ray says, by the index of the document. */
  readonly meant: ReadonlyMap<number, Unprocessed>;
  /**
   * Indexes of the documents among which those are that the rest of the list means; two groups
   * where those of the first are the likelier ones.
   */
  readonly unclear: readonly (readonly number[])[];
  /** What X-Ray says without an id, or with one that none has; as many as documents, at most. */
  readonly nameless: readonly Unprocessed[];
}

export function attribute(
  documents: readonly Buffer[],
  unprocessed: readonly Unprocessed[],
): Attribution {
  const meant = new Map<number, Unprocessed>();
  if (unprocessed.length === 0) return { meant, unclear: [], nameless: [] };
  const groups = groupById(unprocessed);
  const ids = documents.map((document) => readHead(document).id?.toLowerCase());
  const found = findAll(documents, ids, groups);
  const unclear = new Set<number>();
  const withoutId: Unprocessed[] = [];
  const unknown: Unprocessed[] = [];
  for (const [id, entries] of groups) {
    const indexes = [...(found.get(id) ?? [])];
    const owners = indexes.filter((index) => ids[index] === id);
    if (id === '') withoutId.push(...entries);
    else if (indexes.length === 0) unknown.push(...entries);
    else if (owners.length > 0 && owners.length < indexes.length) addAll(unclear, indexes);
    else if (!assign(indexes, entries, meant)) addAll(unclear, indexes);
  }
  for (const index of unclear) meant.delete(index);
  const nameless = [...withoutId, ...unknown].slice(0, documents.length);
  if (nameless.length === 0) return { meant, unclear: listGroups([...unclear]), nameless };
  const rest = [...documents.keys()].filter((index) => !meant.has(index));
  const isOfAll = unknown.length === 0 || rest.length === 1;
  if (isOfAll && assign(rest, nameless, meant)) return { meant, unclear: [], nameless };
  // A document may have an id that X-Ray does not find, where it is no JSON.
  const isLikely = (index: number): boolean => unknown.length === 0 && ids[index] === undefined;
  const likely = rest.filter(isLikely);
  return {
    meant,
    unclear: listGroups(
      likely,
      rest.filter((index) => !isLikely(index)),
    ),
    nameless,
  };
}

function listGroups(...groups: readonly (readonly number[])[]): (readonly number[])[] {
  return groups.filter((group) => group.length > 0);
}

/** Whether each document has an entry, and it does not matter which. */
function assign(
  indexes: readonly number[],
  entries: readonly Unprocessed[],
  meant: Map<number, Unprocessed>,
): boolean {
  const [first] = entries;
  if (first === undefined || entries.length < indexes.length) return false;
  const isAlike = entries.every(({ code }) => code === first.code);
  if (indexes.length > 1 && !isAlike) return false;
  for (const index of indexes) if (!meant.has(index)) meant.set(index, first);
  return true;
}

function addAll(set: Set<number>, indexes: readonly number[]): void {
  for (const index of indexes) set.add(index);
}

function groupById(unprocessed: readonly Unprocessed[]): Map<string, Unprocessed[]> {
  const groups = new Map<string, Unprocessed[]>();
  for (const entry of unprocessed) {
    const id = entry.id.toLowerCase();
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [entry]);
    else group.push(entry);
  }
  return groups;
}

/**
 * The documents in which an id stands, as their own or that of a subsegment. Each document is read
 * once, however many ids are looked for.
 */
function findAll(
  documents: readonly Buffer[],
  ids: readonly (string | undefined)[],
  wanted: ReadonlyMap<string, unknown>,
): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  const note = (id: string, index: number): void => {
    if (!wanted.has(id)) return;
    const indexes = found.get(id);
    if (indexes === undefined) found.set(id, new Set([index]));
    else indexes.add(index);
  };
  for (const [index, document] of documents.entries()) {
    const own = ids[index];
    if (own !== undefined) note(own, index);
    for (const [, inner = ''] of document.toString('latin1').matchAll(INNER_ID))
      note(inner.toLowerCase(), index);
  }
  return found;
}

/** An id of any object in a document; those of X-Ray have 16 digits. */
const INNER_ID = /"id"\s*:\s*"([^"\\]{1,64})"/g;
