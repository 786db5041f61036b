/** Numbers of one point, in an array that is used again for the next one. */
const FIRST_ROOM = 64;

export class DoubleList {
  values = new Float64Array(FIRST_ROOM);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  at(index: number): number {
    return this.values[index] as number;
  }

  /** A copy that is kept. */
  copy(): Float64Array {
    return this.values.slice(0, this.length);
  }

  isSame(kept: Float64Array): boolean {
    if (kept.length !== this.length) return false;
    // A NaN is as good as any other here, and Object.is() would cost a call.
    for (let i = 0; i < kept.length; i++)
      if (kept[i] !== this.values[i] && !Number.isNaN(kept[i])) return false;
    return true;
  }
}
