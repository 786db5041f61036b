/** SHA-256 and HMAC of node:crypto, in the form that the SDK's signers expect. */
import { createHash, createHmac } from 'node:crypto';

export class SmithyHash {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', secret as string | Uint8Array);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}
