/**
 * What the sink tells X-Ray of its own work: a record a minute, from the first document on. Records
 * that could not be sent are kept and sent later.
 * Limits: 30 records, 10 in a request; older ones give way.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_PutTelemetryRecords.html
 */
import type { Clock } from '../../kernel/clock.ts';
import { HttpClientError } from '../../kernel/http-client.ts';

const RECORDS_MAX = 30;
/** Most records in a request. */
export const RECORDS_PER_SEND = 10;

interface ConnectionErrors {
  TimeoutCount: number;
  ConnectionRefusedCount: number;
  HTTPCode4XXCount: number;
  HTTPCode5XXCount: number;
  UnknownHostCount: number;
  OtherCount: number;
}

/** As X-Ray takes it; the time is seconds since 1970. */
export interface TelemetryRecord {
  readonly Timestamp: number;
  readonly SegmentsReceivedCount: number;
  readonly SegmentsSentCount: number;
  readonly SegmentsSpilloverCount: number;
  readonly SegmentsRejectedCount: number;
  readonly BackendConnectionErrors: Readonly<ConnectionErrors>;
}

/** The figures of the present minute, and the records that are not sent yet. */
export class Telemetry {
  #received = 0;
  #sent = 0;
  #spilled = 0;
  #rejected = 0;
  #errors = noErrors();
  #isUsed = false;
  #records: TelemetryRecord[] = [];

  countReceived(documents: number): void {
    this.#received += documents;
    this.#isUsed = true;
  }

  countSent(documents: number): void {
    this.#sent += documents;
  }

  /** Counts what was lost because the queue was full or too old. */
  countSpilled(documents: number): void {
    this.#spilled += documents;
  }

  /** Counts what was not taken from a sender, and what X-Ray refused. */
  countRejected(documents: number): void {
    this.#rejected += documents;
  }

  /** Counts a request that failed. @param failure  a status, or what was thrown */
  countFailure(failure: unknown): void {
    this.#errors[nameFailure(failure)] += 1;
  }

  /**
   * Ends the present minute. Nothing before the first document.
   *
   * @returns  how many records gave way
   */
  close(nowMs: number): number {
    if (!this.#isUsed) return 0;
    this.#records.push({
      Timestamp: nowMs / 1_000,
      SegmentsReceivedCount: this.#received,
      SegmentsSentCount: this.#sent,
      SegmentsSpilloverCount: this.#spilled,
      SegmentsRejectedCount: this.#rejected,
      BackendConnectionErrors: this.#errors,
    });
    this.#received = this.#sent = this.#spilled = this.#rejected = 0;
    this.#errors = noErrors();
    return this.#records.splice(0, Math.max(0, this.#records.length - RECORDS_MAX)).length;
  }

  /** The records to be sent next, the oldest first. */
  next(): readonly TelemetryRecord[] {
    return this.#records.slice(0, RECORDS_PER_SEND);
  }

  /** Forgets records that were sent. */
  taken(records: readonly TelemetryRecord[]): void {
    this.#records = this.#records.filter((one) => !records.includes(one));
  }
}

function noErrors(): ConnectionErrors {
  return {
    TimeoutCount: 0,
    ConnectionRefusedCount: 0,
    HTTPCode4XXCount: 0,
    HTTPCode5XXCount: 0,
    UnknownHostCount: 0,
    OtherCount: 0,
  };
}

function nameFailure(failure: unknown): keyof ConnectionErrors {
  if (typeof failure === 'number') {
    if (failure >= 500) return 'HTTPCode5XXCount';
    return failure >= 400 ? 'HTTPCode4XXCount' : 'OtherCount';
  }
  if (failure instanceof HttpClientError && failure.kind === 'timeout') return 'TimeoutCount';
  const codes = readCodes(failure);
  if (codes.includes('ECONNREFUSED')) return 'ConnectionRefusedCount';
  if (codes.includes('ENOTFOUND') || codes.includes('EAI_AGAIN')) return 'UnknownHostCount';
  return codes.some((code) => code.includes('TIMEOUT') || code === 'ETIMEDOUT')
    ? 'TimeoutCount'
    : 'OtherCount';
}

/** The codes of an error and of its causes. */
function readCodes(failure: unknown): string[] {
  const codes: string[] = [];
  for (let error = failure; error instanceof Error && codes.length < 8; error = error.cause) {
    const { code } = error as { code?: unknown };
    codes.push(typeof code === 'string' ? code : '');
  }
  return codes;
}

/** Ends a minute after the other until the signal aborts, each with `send`. Never rejects. */
export async function runMinutes(
  clock: Clock,
  send: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await clock.sleep(60_000, signal);
    } catch {
      return;
    }
    await send();
  }
}
