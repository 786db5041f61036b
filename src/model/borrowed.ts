/**
 * Bytes that are another's: they may be read until the turn of the event loop ends, or until the
 * lender's next call, as the lender says; then they become something else. The type has what
 * reading needs and lacks what an owned array has, so that keeping them, or passing them to what
 * keeps them, does not compile:
 *
 *     body: Borrowed<Uint8Array>   this.#page = body             an error
 *                                  this.#page = ownCopy(body)    right
 *
 * Who only reads asks for `Borrowed` and is given owned bytes as well. Types only: a borrowed array
 * is the array itself.
 */

/** What reading a byte array, or a view of one, needs. */
type Reading = number | 'length' | 'byteLength' | 'indexOf' | 'toString' | 'getInt32' | 'getUint8';

export type Borrowed<Bytes extends ArrayBufferView> = Readonly<
  Pick<Bytes, Extract<keyof Bytes, Reading>>
>;

/**
 * The largest body that is lent; a larger one has a buffer of its own, which its receiver may keep.
 * Who lends bodies holds to it.
 */
export const LENT_BYTES_MAX = 2 * 1024 * 1024;

/** The bytes to keep: the array itself where it was too large to be lent, else a copy. */
export function takeOver(bytes: Borrowed<Uint8Array>): Uint8Array {
  const array = peek(bytes);
  // Nor is much more memory kept for them than they need.
  const isSnug = array.buffer.byteLength - array.length <= array.length >> 2;
  return array.length > LENT_BYTES_MAX && isSnug ? array : ownCopy(array);
}

/** A copy, to keep. */
export function ownCopy(bytes: Borrowed<Uint8Array>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** The array itself, for a function that asks for one, but is done with it when it returns. */
export function peek(bytes: Borrowed<Uint8Array>): Uint8Array {
  return bytes as Uint8Array;
}
