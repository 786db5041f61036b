/**
 * What a rule may sample in each second before its rate counts: a quota that X-Ray assigned and
 * that expires, or, without one, a borrowed request. The caller gives the time. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html
 */

/** Without a valid quota, an application borrows one request a second. */
const BORROWED_PER_SECOND = 1;

export class Reservoir {
  readonly #canBorrow: boolean;
  #quota: number | undefined;
  #quotaEndSeconds = 0;
  #second = -1;
  #usedInSecond = 0;

  /** @param size  requests per second of all applications together; 0 lends nothing */
  constructor(size: number) {
    this.#canBorrow = size > 0;
  }

  /** @param nowSeconds  whole seconds since 1970 */
  draw(nowSeconds: number): 'taken' | 'borrowed' | 'none' {
    if (nowSeconds !== this.#second) {
      this.#second = nowSeconds;
      this.#usedInSecond = 0;
    }
    const hasQuota = this.#quota !== undefined && this.#quotaEndSeconds >= nowSeconds;
    const most = hasQuota ? (this.#quota ?? 0) : this.#canBorrow ? BORROWED_PER_SECOND : 0;
    if (this.#usedInSecond >= most) return 'none';
    this.#usedInSecond += 1;
    return hasQuota ? 'taken' : 'borrowed';
  }

  /** @param endSeconds  until when the quota counts; what is undefined stays as it was */
  assign(quota: number | undefined, endSeconds: number | undefined): void {
    if (quota !== undefined) this.#quota = quota;
    if (endSeconds !== undefined) this.#quotaEndSeconds = endSeconds;
  }
}
