/** How a receiver fares, as a page of receivers shows it. */

export interface ReceiverStatus {
  /** Its name in the configuration. */
  readonly receiver: string;
  /** What is received, and by what, such as `OTLP over HTTP`. */
  readonly protocol: string;
  /** `host:port`, or the path of a socket. */
  readonly address: string;
  /** Since it was opened, by what is counted. */
  readonly taken: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  /** When something came last, be it taken or not; 0 for never. */
  readonly lastMs: number;
}

/** The counts of a receiver, or of one of its protocols. The units are fixed, so it stays small. */
export class ReceiverTally<Taken extends string, Refused extends string> {
  readonly taken: Record<Taken, number>;
  readonly refused: Record<Refused, number>;
  readonly #nowMs: () => number;
  #lastMs = 0;

  constructor(taken: readonly Taken[], refused: readonly Refused[], nowMs: () => number) {
    this.taken = zeros(taken);
    this.refused = zeros(refused);
    this.#nowMs = nowMs;
  }

  /** Notes that something has come. */
  come(): void {
    this.#lastMs = this.#nowMs();
  }

  /** @param where  what the counts are of */
  status(where: Pick<ReceiverStatus, 'receiver' | 'protocol' | 'address'>): ReceiverStatus {
    return { ...where, taken: this.taken, refused: this.refused, lastMs: this.#lastMs };
  }
}

function zeros<Unit extends string>(units: readonly Unit[]): Record<Unit, number> {
  return Object.fromEntries(units.map((unit) => [unit, 0])) as Record<Unit, number>;
}
