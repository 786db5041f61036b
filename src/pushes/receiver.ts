/**
 * Receives remote write at `POST /api/v1/write`, in the versions 1.0 and 2.0, as Prometheus does:
 * 204 once all of a request is in the queues of the sinks, 400 with the reason where a part is
 * refused for good (the rest is kept), 400 for what is malformed (nothing is kept), 415 for what is
 * no snappy or no remote write, 503 where it is to be sent again. Answers to 2.0 say what was
 * written.
 * Limits: bytes of a body and of all bodies under way, by the server; of a message, uncompressed.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#response
 */
import { NotTakenNow } from '../kernel/byte-budget.ts';
import type { Component } from '../kernel/component.ts';
import { describeError } from '../kernel/errors.ts';
import { HttpError } from '../kernel/http-error.ts';
import type { HttpRequest, HttpResponse, Route } from '../kernel/http-server.ts';
import type { ReceiverStatus } from '../kernel/receiver-status.ts';
import type { World } from '../kernel/world.ts';
import type { OpenRoutedAppender } from '../model/sample.ts';
import { WireError } from '../wire/errors.ts';
import { negotiateVersion } from '../wire/remote-write/negotiation.ts';
import type { MessageVersion } from '../wire/remote-write/request-reader.ts';
import { uncompress, uncompressedLength } from '../wire/snappy.ts';
import { PushesIntake } from './intake.ts';
import { type PushCall, PushesReport, type TakenPush } from './report.ts';
import { MESSAGE_MAX_BYTES, PUSHES_DEFAULTS, type PushesSettings } from './settings.ts';

/** The source of pushes in routes, and their receiver in logs and on the status page. */
export const PUSHES_ID = 'remote_write_receiver';
const PATH = '/api/v1/write';
const FLAG = '--web.enable-remote-write-receiver';

export interface PushReceiverOptions {
  readonly world: World;
  readonly openAppender: OpenRoutedAppender;
  /** Whether a route leads to a sink: what is taken without one would be lost. */
  readonly hasSink: () => boolean;
  /** Where it is asked for, of the status page. */
  readonly address: () => string;
  readonly settings?: PushesSettings;
}

/** What Prometheus answers where the flag is not given. */
export function refusePushes(): Route {
  const body = `remote write requests are not taken; start with ${FLAG}\n`;
  return { method: 'POST', path: PATH, handle: () => ({ status: 404, body }) };
}

export class PushReceiver implements Component {
  readonly name = 'remote write receiver';
  readonly #options: PushReceiverOptions;
  readonly #report: PushesReport;
  readonly #intake: PushesIntake;
  #stopping: Promise<void> | undefined;

  constructor(options: PushReceiverOptions) {
    const { world, openAppender, settings = PUSHES_DEFAULTS } = options;
    this.#options = options;
    this.#report = new PushesReport(PUSHES_ID, world);
    const report = this.#report;
    this.#intake = new PushesIntake({ id: PUSHES_ID, openAppender, world, settings, report });
  }

  get route(): Route {
    return { method: 'POST', path: PATH, handle: (request) => this.#handle(request) };
  }

  get status(): ReceiverStatus {
    const address = `${this.#options.address()}${PATH}`;
    return this.#report.tally.status({ receiver: PUSHES_ID, protocol: 'remote write', address });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Stop the server before: what comes later is refused. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#intake.close());
  }

  async #handle(request: HttpRequest): Promise<HttpResponse> {
    const from = request.remoteAddress;
    const version = negotiateVersion(request.headers, { takes2: true, isLenient: true });
    if (typeof version === 'string') {
      this.#report.tellRefused({ version: 'unknown', from }, 'unsupported', version);
      return { status: 415, body: `415: ${version}\n` };
    }
    const call: PushCall = { version: version === 2 ? '2.0' : '1.0', from };
    try {
      if (!this.#options.hasSink())
        throw new HttpError(503, 'no sink takes what is pushed; write a remote_write');
      const message = await readMessage(request);
      const taken = await this.#intake.take(message, version);
      this.#report.tellTaken(call, message.length, taken);
      return respond(version, taken);
    } catch (error) {
      const { outcome, status, words } = judge(error);
      this.#report.tellRefused(call, outcome, words);
      const retry = error instanceof NotTakenNow ? Math.ceil(error.retryAfterMs / 1_000) : 0;
      const headers = {
        ...(version === 2 ? describeWritten({ samples: 0, histograms: 0, exemplars: 0 }) : {}),
        ...(retry > 0 ? { 'retry-after': String(retry) } : {}),
      };
      return { status, headers, body: `${status}: ${words}\n` };
    }
  }
}

async function readMessage(request: HttpRequest): Promise<Uint8Array> {
  const block = await request.bytes();
  // A longer promise is refused by `uncompress`.
  request.take(Math.min(uncompressedLength(block), MESSAGE_MAX_BYTES));
  return uncompress(block, MESSAGE_MAX_BYTES);
}

function respond(version: MessageVersion, taken: TakenPush): HttpResponse {
  const headers = version === 2 ? describeWritten(taken) : {};
  const { rejections } = taken;
  return rejections.total === 0
    ? { status: 204, headers }
    : { status: 400, headers, body: `400: ${rejections.describe()}; the rest is kept\n` };
}

function describeWritten(taken: Pick<TakenPush, 'samples' | 'histograms' | 'exemplars'>) {
  return {
    'x-prometheus-remote-write-samples-written': String(taken.samples),
    'x-prometheus-remote-write-histograms-written': String(taken.histograms),
    'x-prometheus-remote-write-exemplars-written': String(taken.exemplars),
  };
}

/** Which status an error has, so that the sender sends again what can be taken later. */
function judge(error: unknown): { outcome: string; status: number; words: string } {
  const words = describeError(error);
  if (error instanceof WireError)
    return error.reason === 'too_large'
      ? { outcome: 'too_large', status: 413, words }
      : { outcome: 'malformed', status: 400, words: `the body can't be read: ${words}` };
  if (error instanceof HttpError)
    return {
      outcome:
        error.status === 413 ? 'too_large' : error.status < 500 ? 'malformed' : 'unavailable',
      status: error.status,
      words,
    };
  // It may have been committed in part: sending it again makes duplicates, but loses nothing.
  return { outcome: 'unavailable', status: 503, words: `it could not be taken: ${words}` };
}
