/** Whole numbers of 64 bits of fixed length in the points of OTLP, as numbers of JavaScript. */
import { WireError } from '../../wire/errors.ts';

/** The nearest number to a fixed64. */
export function readUnsigned(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

/** The nearest number to an sfixed64. */
export function readSigned(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

/**
 * A count of a native histogram, which stays a whole number.
 *
 * @throws WireError for one beyond 2^53
 */
export function readExact(view: DataView, at: number): number {
  const count = readUnsigned(view, at);
  if (!Number.isSafeInteger(count))
    throw new WireError('corrupt', `a count of an exponential histogram is beyond 2^53 at ${at}`);
  return count;
}
