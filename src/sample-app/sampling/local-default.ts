/**
 * What is sampled while no rules of X-Ray are there: the first request of each second and 5 % of
 * the others, the default of the X-Ray SDKs. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-nodejs-configuration.html
 */

const PER_SECOND = 1;
const RATE = 0.05;

export class LocalDefault {
  readonly #random: () => number;
  #second = -1;
  #usedInSecond = 0;

  /** @param random  gives numbers 0 ≤ x < 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** @param nowSeconds  whole seconds since 1970 */
  isSampled(nowSeconds: number): boolean {
    if (nowSeconds !== this.#second) {
      this.#second = nowSeconds;
      this.#usedInSecond = 0;
    }
    if (this.#usedInSecond >= PER_SECOND) return this.#random() < RATE;
    this.#usedInSecond += 1;
    return true;
  }
}
