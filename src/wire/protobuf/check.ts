/**
 * Checks that bytes are a message of a table, without making an object of it: that the fields it
 * knows have their wire types, that texts are UTF-8, and that nothing is nested too deeply. Whoever
 * reads the bytes later by the same table then meets no error. Pure.
 */
import { isUtf8 } from 'node:buffer';
import { WireError } from '../errors.ts';
import type { ProtoReader } from './reader.ts';
import { string } from './scalars.ts';
import type { Message, Shape } from './schema.ts';
import { BYTES } from './wire-format.ts';

/**
 * Reads from the reader's position to its end.
 *
 * @param depthMax  of messages within the message
 * @throws WireError `corrupt`, or `too_large` for what is nested deeper
 */
export function checkMessage(
  message: Message<unknown>,
  reader: ProtoReader,
  depthMax: number,
): void {
  if (depthMax < 0) throw makeError('too_large', 'messages are nested too deeply', reader);
  while (reader.more()) {
    const tag = reader.tag();
    const slot = message.slotByNumber[tag >>> 3];
    if (slot === undefined) reader.skip(tag);
    else checkField(slot.shape, tag, reader, depthMax);
  }
}

function checkField(shape: Shape, tag: number, reader: ProtoReader, depthMax: number): void {
  const wireType = tag & 7;
  if ('message' in shape) {
    if (wireType !== BYTES) throw makeWireTypeError(tag, reader);
    const outer = reader.enter();
    checkMessage(shape.message(), reader, depthMax - 1);
    reader.leave(outer);
    return;
  }
  const { scalar, of } = shape;
  const isList = of === 'list' || of === 'packed';
  if (isList && wireType === BYTES && scalar.wireType !== BYTES) {
    const outer = reader.enter();
    while (reader.more()) reader.skip(scalar.wireType);
    reader.leave(outer);
    return;
  }
  if (wireType !== scalar.wireType) throw makeWireTypeError(tag, reader);
  if (scalar !== string) {
    reader.skip(tag);
    return;
  }
  const start = reader.at;
  if (!isUtf8(reader.binary()))
    throw new WireError('corrupt', `malformed protobuf: invalid UTF-8 at byte ${start}`);
}

function makeWireTypeError(tag: number, reader: ProtoReader): WireError {
  return makeError('corrupt', `field ${tag >>> 3} has another type`, reader);
}

function makeError(reason: WireError['reason'], what: string, reader: ProtoReader): WireError {
  return new WireError(reason, `malformed protobuf: ${what} at byte ${reader.at}`);
}
