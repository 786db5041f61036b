/**
 * Reads field numbers out of the published .proto files of OTLP, to hold tables against them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { conformancePath } from './conformance.ts';

const PROTO = ['otlp', 'proto', 'opentelemetry', 'proto'];

/**
 * Field numbers of a message by name; those of messages within it not.
 *
 * @param file  below opentelemetry/proto, such as `trace/v1/trace.proto`
 */
export function readFieldNumbers(file: string, message: string): ReadonlyMap<string, number> {
  return new Map([...readFields(file, message)].map(([name, { number }]) => [name, number]));
}

export interface ProtoField {
  readonly number: number;
  /** As it is written: `fixed64`, `Span`, `opentelemetry.proto.common.v1.KeyValue`. */
  readonly type: string;
  readonly isRepeated: boolean;
}

/** The fields of a message by name; those of messages within it not. */
export function readFields(file: string, message: string): ReadonlyMap<string, ProtoField> {
  const text = readFileSync(conformancePath(...PROTO, ...file.split('/')), 'utf8');
  const lines = text.replaceAll(/\/\/.*$/gm, '').split('\n');
  const from = lines.findIndex((line) => line.trim() === `message ${message} {`);
  assert.ok(from >= 0, message);
  const fields = new Map<string, ProtoField>();
  const open: string[] = [];
  for (const line of lines.slice(from)) {
    const block = /^\s*(message|enum|oneof)\s+\w+\s*\{/.exec(line)?.[1];
    if (block !== undefined) open.push(block);
    const [, repeated, type = '', name = '', number] =
      /^\s*(repeated |optional )?([\w.]+) (\w+) = (\d+)/.exec(line) ?? [];
    const isOwn = open.slice(1).every((kind) => kind === 'oneof');
    if (number !== undefined && isOwn)
      fields.set(name, { number: Number(number), type, isRepeated: repeated === 'repeated ' });
    if (line.trim().startsWith('}')) open.pop();
    if (open.length === 0) break;
  }
  return fields;
}
