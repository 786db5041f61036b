/**
 * What a segment or subsegment tells when it is opened: its exceptions, and its other members in
 * sections, as texts. Everything comes from a document that nobody has checked, so it is bounded in
 * depth, number and length. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
import type { Entity } from './document.ts';
import {
  cutText,
  type JsonRecord,
  readList,
  readMember,
  readRecord,
  readText,
} from './json-members.ts';

export interface ToldException {
  readonly type: string;
  readonly message: string;
  /** Whether a call to another service caused it. */
  readonly isRemote: boolean;
  /** One frame a line. */
  readonly stack: string;
}

export interface MemberSection {
  readonly title: string;
  readonly entries: readonly (readonly [name: string, value: string])[];
}

const EXCEPTIONS_MAX = 20;
const FRAMES_MAX = 100;
const MESSAGE_MAX = 4_000;
const FRAME_MAX = 500;
const LINE_MAX = 300;
const NAME_MAX = 200;
const ENTRIES_MAX = 100;
const VALUE_MAX = 10_000;
const ITEMS_MAX = 200;
const DEPTH_MAX = 8;

/** Members that the row of the tree and the exceptions show already. */
const SHOWN = new Set([
  'name', 'id', 'trace_id', 'parent_id', 'start_time', 'end_time', 'in_progress', 'type',
  'namespace', 'origin', 'error', 'fault', 'throttle', 'cause', 'subsegments',
]); // prettier-ignore

const TITLES: readonly (readonly [member: string, title: string])[] = [
  ['http', 'HTTP'],
  ['sql', 'SQL'],
  ['annotations', 'Annotations'],
  ['metadata', 'Metadata'],
  ['aws', 'AWS'],
  ['service', 'Service'],
];

/**
 * The exceptions of an entity. Where its cause is only the id of an exception, which another entity
 * tells, that is what it says.
 */
export function listExceptions({ record }: Entity): ToldException[] {
  const cause = readMember(record, 'cause');
  if (typeof cause === 'string') {
    const message = `exception ${cutText(cause, NAME_MAX)}, which a subsegment tells`;
    return [{ type: '', message, isRemote: false, stack: '' }];
  }
  return readList(readMember(cause, 'exceptions'))
    .slice(0, EXCEPTIONS_MAX)
    .map((exception) => ({
      type: readText(readMember(exception, 'type'), NAME_MAX),
      message: readText(readMember(exception, 'message'), MESSAGE_MAX),
      isRemote: readMember(exception, 'remote') === true,
      stack: describeStack(exception),
    }));
}

/**
 * The first exception of an entity in a line: `TypeError: x is not a function`, and how many more
 * there are; empty without one.
 */
export function summarizeExceptions({ record }: Entity): string {
  const cause = readMember(record, 'cause');
  if (typeof cause === 'string') return 'told by a subsegment';
  const exceptions = readList(readMember(cause, 'exceptions'));
  if (exceptions.length === 0) return '';
  const [first] = exceptions;
  const parts = [
    readText(readMember(first, 'type'), NAME_MAX),
    readText(readMember(first, 'message'), LINE_MAX),
  ].filter((part) => part !== '');
  const text = parts.length === 0 ? 'without a message' : parts.join(': ');
  return exceptions.length === 1 ? text : `${text} and ${exceptions.length - 1} more`;
}

function describeStack(exception: unknown): string {
  const all = readList(readMember(exception, 'stack'));
  const frames = all.slice(0, FRAMES_MAX).map((frame) => {
    const path = readText(readMember(frame, 'path'), FRAME_MAX);
    const line = readText(readMember(frame, 'line'), NAME_MAX);
    const label = readText(readMember(frame, 'label'), FRAME_MAX);
    const place = line === '' ? path : `${path}:${line}`;
    return label === '' ? place : `${label} (${place})`;
  });
  const truncated = readMember(exception, 'truncated');
  const left = all.length - frames.length + (typeof truncated === 'number' ? truncated : 0);
  return (left > 0 ? [...frames, `… ${left} more`] : frames).join('\n');
}

/** The members of an entity in sections; empty ones are left out. */
export function listSections({ record }: Entity): MemberSection[] {
  const known = TITLES.map(([member, title]) => ({
    title,
    entries: listEntries(flattenMember(member, readMember(record, member))),
  }));
  const others = Object.entries(record).filter(
    ([name]) => !SHOWN.has(name) && TITLES.every(([member]) => member !== name),
  );
  return [...known, { title: 'Other members', entries: listEntries(others) }].filter(
    ({ entries }) => entries.length > 0,
  );
}

/** The members of a member; those of a request and a response stand beside each other. */
function flattenMember(member: string, value: unknown): [string, unknown][] {
  const record = readRecord(value);
  if (record === undefined) return value === undefined ? [] : [[member, value]];
  if (member !== 'http' && member !== 'metadata') return Object.entries(record);
  return Object.entries(record).flatMap(([name, inner]): [string, unknown][] => {
    const innerRecord: JsonRecord | undefined = readRecord(inner);
    return innerRecord === undefined
      ? [[name, inner]]
      : Object.entries(innerRecord).map(([key, item]) => [`${name}.${key}`, item]);
  });
}

function listEntries(members: readonly (readonly [string, unknown])[]): [string, string][] {
  const entries = members
    .slice(0, ENTRIES_MAX)
    .map(([name, value]): [string, string] => [cutText(name, NAME_MAX), describeValue(value)]);
  const left = members.length - entries.length;
  return left > 0 ? [...entries, ['…', `${left} more`]] : entries;
}

/** A text as it is, and everything else as indented JSON, in at most VALUE_MAX characters. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return cutText(value, VALUE_MAX);
  const budget = { left: VALUE_MAX };
  return cutText(writeValue(value, 0, budget), VALUE_MAX);
}

function writeValue(value: unknown, depth: number, budget: { left: number }): string {
  if (typeof value !== 'object' || value === null) {
    const text = JSON.stringify(typeof value === 'string' ? cutText(value, VALUE_MAX) : value);
    budget.left -= text.length;
    return text;
  }
  const isList = Array.isArray(value);
  const items = isList ? value.map((item: unknown) => ['', item] as const) : Object.entries(value);
  const [before, behind] = isList ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return before + behind;
  if (depth >= DEPTH_MAX || budget.left <= 0) return `${before} … ${behind}`;
  const indent = '  '.repeat(depth + 1);
  const lines: string[] = [];
  for (const [name, item] of items) {
    if (lines.length >= ITEMS_MAX || budget.left <= 0) {
      lines.push(`${indent}… ${items.length - lines.length} more`);
      break;
    }
    const key = isList ? '' : `${JSON.stringify(cutText(name, NAME_MAX))}: `;
    budget.left -= indent.length + key.length;
    lines.push(indent + key + writeValue(item, depth + 1, budget));
  }
  return `${before}\n${lines.join('\n')}\n${'  '.repeat(depth)}${behind}`;
}
