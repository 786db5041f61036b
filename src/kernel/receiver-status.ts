/** How a receiver fares, as a page of receivers shows it. */
import { type Clock, type Moment, readMoment } from './clock.ts';

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
  /** When something came last, be it taken or not; undefined for never. */
  readonly last: Moment | undefined;
}

/** The counts of a receiver, or of one of its protocols. The units are fixed, so it stays small. */
export class ReceiverTally<Taken extends string, Refused extends string> {
  readonly taken: Record<Taken, number>;
  readonly refused: Record<Refused, number>;
  readonly #clock: Clock;
  #last: Moment | undefined;

  constructor(taken: readonly Taken[], refused: readonly Refused[], clock: Clock) {
    this.taken = zeros(taken);
    this.refused = zeros(refused);
    this.#clock = clock;
  }

  /** Notes that something has come. */
  come(): void {
    this.#last = readMoment(this.#clock);
  }

  /** @param where  what the counts are of */
  status(where: Pick<ReceiverStatus, 'receiver' | 'protocol' | 'address'>): ReceiverStatus {
    return { ...where, taken: this.taken, refused: this.refused, last: this.#last };
  }
}

function zeros<Unit extends string>(units: readonly Unit[]): Record<Unit, number> {
  return Object.fromEntries(units.map((unit) => [unit, 0])) as Record<Unit, number>;
}
