/**
 * Bytes that are only lent: they may be read until the turn of the event loop ends, or until the
 * lender's next call, whichever the lender says; after that the lender overwrites them. The type
 * has the members that reading needs and lacks the other members of a byte array, so that keeping
 * borrowed bytes, or passing them to code that keeps them, does not compile:
 *
 *     body: Borrowed<Uint8Array>   this.#body = body             an error
 *                                  this.#body = ownCopy(body)    right
 *
 * A function that only reads takes `Borrowed`, and thereby accepts owned bytes as well. It costs
 * nothing at run time: a borrowed array is the array itself.
 */

/** The members of a byte array, or of a view of one, that reading needs. */
type Reading = number | 'length' | 'byteLength' | 'indexOf' | 'toString' | 'getInt32' | 'getUint8';

export type Borrowed<Bytes extends ArrayBufferView> = Readonly<
  Pick<Bytes, Extract<keyof Bytes, Reading>>
>;

/**
 * The largest body that is lent. A larger one has a buffer of its own, which its receiver may keep.
 * Every lender of bodies keeps to this limit.
 */
export const LENT_BYTES_MAX = 2 * 1024 * 1024;

/**
 * Bytes that the caller may keep: the array itself where it was too large to be lent, else a copy.
 */
export function takeOver(bytes: Borrowed<Uint8Array>): Uint8Array {
  const array = peek(bytes);
  // The array may be a view of a much larger buffer, which would then be kept with it.
  const isSnug = array.buffer.byteLength - array.length <= array.length >> 2;
  return array.length > LENT_BYTES_MAX && isSnug ? array : ownCopy(array);
}

/** A copy, which the caller may keep. */
export function ownCopy(bytes: Borrowed<Uint8Array>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/**
 * The array itself, for a function that takes a Uint8Array but does not keep it after it returns.
 */
export function peek(bytes: Borrowed<Uint8Array>): Uint8Array {
  return bytes as Uint8Array;
}
