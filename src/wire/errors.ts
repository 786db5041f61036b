/**
 * What a codec throws for bytes that it can't read. Codecs are pure and do not retry: the caller
 * turns the error into an answer, drops the batch or repairs the file.
 */

/**
 * `reason`: the bytes are corrupt, or larger than the limit that the caller gave, or well formed
 * with a value that is not taken: a text that is not UTF-8, a whole number beyond ±2^53. Readers
 * stand behind such a value, and can go on.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code = 'WIRE_MALFORMED';
  readonly reason: 'corrupt' | 'too_large' | 'value';
  constructor(reason: WireError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
