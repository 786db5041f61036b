/**
 * Encodes labels as they are in a TimeSeries of remote write 1.0 (and in its exemplars), a field
 * for each:
 *
 *     0a length │ 0a length name │ 12 length value │   0a …
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import { type Borrowed, ownCopy } from '../../model/borrowed.ts';
import type { LabelSet } from '../../model/labels.ts';
import { BYTES, tagOf } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { putVarint, measureVarint } from '../varint.ts';

/**
 * Encodes the label fields of a TimeSeries: once for each series, to be copied into each message.
 */
export function encodeLabels(labels: LabelSet): Uint8Array {
  return ownCopy(sharedLabels(labels));
}

let scratch = Buffer.allocUnsafeSlow(4_096);

/**
 * The same as `encodeLabels`, in bytes that the next call overwrites, so that thousands of new
 * series leave no garbage.
 */
export function sharedLabels(labels: LabelSet): Borrowed<Uint8Array> {
  let at = 0;
  for (const { name, value } of labels) {
    const nameLength = Buffer.byteLength(name);
    const valueLength = Buffer.byteLength(value);
    const length = measureField(nameLength) + measureField(valueLength);
    const needed = at + measureField(length);
    if (needed > scratch.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      scratch.copy(larger, 0, 0, at);
      scratch = larger;
    }
    scratch[at++] = tagOf(1, BYTES);
    at = putVarint(scratch, at, length);
    scratch[at++] = tagOf(1, BYTES);
    at = putVarint(scratch, at, nameLength);
    at += scratch.write(name, at);
    scratch[at++] = tagOf(2, BYTES);
    at = putVarint(scratch, at, valueLength);
    at += scratch.write(value, at);
  }
  return scratch.subarray(0, at);
}

/** Encodes one label field of a TimeSeries from the bytes of its name and value. */
export function encodeLabelParts(name: Uint8Array, value: Uint8Array): Uint8Array {
  const writer = new ProtoWriter(name.length + value.length + 16);
  putLabelParts(writer, name, value);
  return writer.written();
}

/** The same, behind what a writer has. */
export function putLabelParts(writer: ProtoWriter, name: Uint8Array, value: Uint8Array): void {
  writer.varint(tagOf(1, BYTES));
  writer.varint(measureField(name.length) + measureField(value.length));
  writer.field(1, name);
  writer.field(2, value);
}

function measureField(length: number): number {
  return 1 + measureVarint(length) + length;
}
