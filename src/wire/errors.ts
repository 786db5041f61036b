/**
 * What a codec throws for bytes that it can't read. Codecs are pure and do not retry: the caller
 * turns the error into an answer, drops the batch or repairs the file.
 */

/** `reason`: the bytes are corrupt, or larger than the limit that the caller gave. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code = 'WIRE_MALFORMED';
  readonly reason: 'corrupt' | 'too_large';
  constructor(reason: WireError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
