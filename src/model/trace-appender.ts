/**
 * The seam of traces: how segment documents get into a sink. A document is what an X-Ray client
 * sends behind the header of its datagram: the JSON of a segment or subsegment, or `T1S…` or
 * `T1U…`, base64 of an OTLP request. It is opaque on the whole way.
 */
import type { Borrowed } from './borrowed.ts';

export interface TraceAppender {
  /**
   * Takes a document into the commit that is open.
   *
   * @param document    lent: it is copied before this returns
   * @param receivedMs  when it was received, ms since 1970
   */
  append(document: Borrowed<Uint8Array>, receivedMs: number): void;
  /**
   * Hands on what was appended. With a queue, it has been written to the operating system when this
   * returns, so that a killed process loses nothing of it.
   */
  commit(): void;
  /**
   * Tells of documents that the caller did not take, such as datagrams without a header: a sink may
   * report their number to its service.
   */
  noteRejected?(documents: number): void;
}

/** Opens a way into a sink. */
export type OpenTraces = () => TraceAppender;
