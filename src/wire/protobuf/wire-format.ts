/**
 * The protobuf wire format: a field is a tag, then as many bytes as its wire type says.
 *
 *     tag = varint of field * 8 + wire type
 *     wire types   0 varint   1 eight bytes   2 length and bytes   5 four bytes
 *
 * Wire types 3 and 4, groups, are not supported.
 * Source: https://protobuf.dev/programming-guides/encoding/#structure
 */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** The tag of a field: its number and wire type in one. */
export function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType;
}
