/**
 * What a codec throws for bytes it can't read. Codecs are pure and know no retry: callers turn this
 * into an answer, a dropped batch or a repaired file.
 */

/** `reason`: corrupt bytes, or a size beyond the bound the caller gave. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code = 'WIRE_MALFORMED';
  readonly reason: 'corrupt' | 'too_large';
  constructor(reason: WireError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
