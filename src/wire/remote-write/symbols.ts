/**
 * The table of symbols of a Request of remote write 2.0: every string once, and each has its index
 * as its ref. The first is the empty string. Strings are bytes here, views of the messages that
 * contain them. Limits: the caller bounds the message, and thereby the table that is built of it.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#symbols
 */
import { WireError } from '../errors.ts';
import { ProtoReader, readUtf8 } from '../protobuf/reader.ts';
import { BYTES, tagOf } from '../protobuf/wire-format.ts';

/** The field of a Request that holds a symbol. */
export const SYMBOL_FIELD = 4;

const SYMBOLS_MAX = 1_000_000;

/** A table that is being built: symbols in the order of their first use. */
export class SymbolTable {
  readonly list: Uint8Array[] = [new Uint8Array(0)];
  /** The bytes of all symbols together, at most: with tag and length of each. */
  bytes = 2;
  readonly #refs = new Map<string, number>([['', 0]]);

  refOf(symbol: Uint8Array): number {
    const key = Buffer.from(symbol.buffer, symbol.byteOffset, symbol.length).toString('latin1');
    const known = this.#refs.get(key);
    if (known !== undefined) return known;
    const ref = this.list.length;
    this.#refs.set(key, ref);
    this.list.push(symbol);
    this.bytes += symbol.length + 6;
    return ref;
  }

  /**
   * Adds the refs of name and value of a Label of 1.0. It reads the Label by hand, since there are
   * many.
   */
  addLabel(label: Uint8Array, refs: number[]): void {
    const reader = new ProtoReader(label);
    let name = 0;
    let value = 0;
    while (reader.more()) {
      const tag = reader.varint();
      if (tag === tagOf(1, BYTES)) name = this.refOf(reader.binary());
      else if (tag === tagOf(2, BYTES)) value = this.refOf(reader.binary());
      else reader.skip(tag);
    }
    refs.push(name, value);
  }
}

/** The table of a received Request. Limit: SYMBOLS_MAX, since an empty one has two bytes. */
export class ReceivedSymbols {
  readonly #request: Uint8Array;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #texts = new Map<number, string>();

  /** @throws WireError where the first symbol is not "", and for too many */
  constructor(request: Uint8Array) {
    this.#request = request;
    const reader = new ProtoReader(request);
    while (reader.more()) {
      const tag = reader.varint();
      if (tag === tagOf(SYMBOL_FIELD, BYTES)) {
        const end = reader.lengthEnd();
        this.#starts.push(reader.at);
        this.#ends.push(end);
        reader.at = end;
        if (this.#starts.length > SYMBOLS_MAX)
          throw new WireError('too_large', `the request has more than ${SYMBOLS_MAX} symbols`);
      } else reader.skip(tag);
    }
    if (this.#starts.length > 0 && this.#ends[0] !== this.#starts[0])
      throw new WireError('corrupt', 'malformed request: the first symbol is not the empty string');
  }

  /** @throws WireError where the table ends before the ref */
  at(ref: number): Uint8Array {
    const start = this.#starts[ref];
    if (start !== undefined) return this.#request.subarray(start, this.#ends[ref]);
    const { length } = this.#starts;
    const text = `malformed request: ref ${ref} is beyond its ${length} symbols`;
    throw new WireError('corrupt', text);
  }

  /**
   * A symbol as text. A text that is absent has ref 0, and then the table may be empty.
   *
   * @throws WireError where the table ends before the ref, and for one that is not UTF-8
   */
  textAt(ref: number): string {
    if (ref === 0) return '';
    const known = this.#texts.get(ref);
    if (known !== undefined) return known;
    const text = readUtf8(this.at(ref));
    this.#texts.set(ref, text);
    return text;
  }

  /** @throws WireError for refs that are not in pairs */
  checkPairs(refs: readonly number[]): void {
    if (refs.length % 2 === 1)
      throw new WireError('corrupt', 'malformed request: an odd number of label refs');
  }

  /** The names and values of labels. @throws WireError for refs that are not in pairs */
  labelsOf(refs: readonly number[]): { readonly name: Uint8Array; readonly value: Uint8Array }[] {
    this.checkPairs(refs);
    return Array.from({ length: refs.length / 2 }, (_, index) => ({
      name: this.at(refs[index * 2] as number),
      value: this.at(refs[index * 2 + 1] as number),
    }));
  }
}
