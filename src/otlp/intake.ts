/**
 * The seam between the servers of OTLP and what becomes of a request: metrics go to the appenders
 * of their resources, spans to segment documents. A server knows requests, and no signal.
 * Source: https://opentelemetry.io/docs/specs/otlp/#partial-success
 */

/** What an answer with success says. */
export interface TakenRequest {
  /** How many data points or spans were taken; absent where the intake counts them itself. */
  readonly items?: number;
  /** How many data points or spans were refused for good. */
  readonly rejected: number;
  /** Why, or a warning where none was refused; '' where all is well. */
  readonly message: string;
}

export interface OtlpIntake {
  /**
   * Takes one request whole. What was taken has been committed when it returns: it is in the queues
   * of the sinks. A long request gives way to other work.
   *
   * @param body  an Export…ServiceRequest in protobuf, inflated; it is not used afterwards
   * @throws MalformedRequest  where it cannot be read; nothing of it was committed
   * @throws NotTakenNow       (kernel/byte-budget.ts) where there is no room for it now
   */
  take(body: Buffer): Promise<TakenRequest>;
}

/** A request that is no message of its kind: the sender must not send it again. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest';
}
