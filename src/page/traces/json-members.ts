/**
 * Reads members of parsed JSON that nobody has checked. Only own members of plain objects count, so
 * that no name of a document reaches a prototype, and texts are cut. Pure.
 */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** An object of JSON; undefined for lists, null and all else. */
export function readRecord(value: unknown): JsonRecord | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as JsonRecord;
}

/** An own member of an object; undefined where there is none, or no object. */
export function readMember(value: unknown, name: string): unknown {
  const record = readRecord(value);
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A list; empty for all else. */
export function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text, a number or a boolean as a text of at most `most` characters; '' for all else. */
export function readText(value: unknown, most: number): string {
  if (typeof value === 'string') return cutText(value, most);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A text of at most `most` characters, the last of which is an ellipsis where it was longer. */
export function cutText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
