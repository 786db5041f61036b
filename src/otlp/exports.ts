/**
 * What becomes of a request of OTLP, whichever way it came: it goes to the intake of its signal,
 * and each way of failing has one status, which the servers say in their own forms.
 */
import { NotTakenNow } from '../kernel/byte-budget.ts';
import { describeError } from '../kernel/errors.ts';
import { InflateError } from '../kernel/inflate.ts';
import { WireError } from '../wire/errors.ts';
import type { ExportCall, RefusedExport } from './export-call.ts';
import { MalformedRequest, type OtlpIntake } from './intake.ts';
import type { OtlpSignal } from '../wire/otlp/cutting.ts';
import type { OtlpReport } from './report.ts';
import type { OtlpReceiverSettings } from './settings.ts';

/** Thrown by what reads a request. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
  readonly refusal: RefusedExport;
  constructor(refusal: RefusedExport) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export type ExportOutcome =
  | { readonly is: 'taken'; readonly rejected: number; readonly message: string }
  | { readonly is: 'refused'; readonly refusal: RefusedExport };

export type OtlpIntakes = Readonly<Partial<Record<OtlpSignal, OtlpIntake>>>;

const RETRY_AFTER_MS = 5_000;

/** The noun of what a signal's requests have, for sentences. */
const ITEMS: Readonly<Record<OtlpSignal, string>> = { metrics: 'data points', traces: 'spans' };

export class OtlpExports {
  readonly #settings: Pick<OtlpReceiverSettings, 'id' | 'signals'>;
  readonly #intakes: OtlpIntakes;
  readonly #report: OtlpReport;

  constructor(
    settings: Pick<OtlpReceiverSettings, 'id' | 'signals'>,
    intakes: OtlpIntakes,
    report: OtlpReport,
  ) {
    this.#settings = settings;
    this.#intakes = intakes;
    this.#report = report;
  }

  get report(): OtlpReport {
    return this.#report;
  }

  /** Undefined for a signal that has a way; why not, in words, for another. */
  describeMissing(signal: string): string | undefined {
    if (this.#settings.signals.some((one) => one === signal)) return undefined;
    const { id, signals } = this.#settings;
    const taken = signals.join(' and ');
    return `receiver "${id}" takes ${taken} alone: no route leads ${signal} to a sink`;
  }

  /**
   * @param read  gives the request in protobuf, inflated; what it throws is judged here
   */
  async take(call: ExportCall, read: () => Promise<Buffer>): Promise<ExportOutcome> {
    const { protocol, signal, from } = call;
    try {
      const missing = this.describeMissing(signal);
      const intake = this.#intakes[signal];
      if (missing !== undefined || intake === undefined)
        throw new RefusedRequest({ status: 'unimplemented', message: missing ?? '' });
      const body = await read();
      const bytes = body.length;
      const { items = 0, rejected, message } = await intake.take(body);
      this.#report.tellTaken({ protocol, signal, from, bytes, items, rejected, message });
      return { is: 'taken', rejected, message: describeRejected(signal, rejected, message) };
    } catch (error) {
      const refusal = judge(error);
      this.#report.tellRefused({ protocol, signal, from, refusal, error });
      return { is: 'refused', refusal };
    }
  }
}

function describeRejected(signal: OtlpSignal, rejected: number, message: string): string {
  return rejected > 0 && message === '' ? `${rejected} ${ITEMS[signal]} are rejected` : message;
}

function judge(error: unknown): RefusedExport {
  if (error instanceof RefusedRequest) return error.refusal;
  if (error instanceof NotTakenNow)
    return { status: 'unavailable', message: error.message, retryAfterMs: error.retryAfterMs };
  if (error instanceof InflateError)
    return error.reason === 'too_large'
      ? { status: 'resourceExhausted', message: error.message }
      : { status: 'invalidArgument', message: error.message };
  if (error instanceof MalformedRequest || error instanceof WireError)
    return { status: 'invalidArgument', message: error.message };
  // It may have been committed in part: sending it again makes duplicates, but loses nothing.
  const message = `it could not be taken: ${describeError(error)}`;
  return { status: 'unavailable', message, retryAfterMs: RETRY_AFTER_MS };
}
