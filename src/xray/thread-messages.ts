/**
 * What the main thread and the thread of a socket say to each other.
 */
import type { Rejection } from '../wire/xray/datagram.ts';

/** What a thread is started with. */
export interface ReaderSettings {
  /** An address of IP, no name. */
  readonly host: string;
  readonly family: 4 | 6;
  /** 0 takes any free port, and keeps it when the socket is opened again. */
  readonly port: number;
  /** What is asked of the system as receive buffer. */
  readonly socketBufferBytes: number;
  /** Most bytes of documents that the main thread has not taken. */
  readonly bufferBytes: number;
}

/** What came since the tally before. */
export interface Tally {
  datagrams: number;
  bytes: number;
  /** Documents that had no space in `bufferBytes`. */
  dropped: number;
  readonly rejected: Partial<Record<Rejection, number>>;
  /** The address that sent the first document. */
  sender?: string;
  /** The address that sent the last datagram that was rejected. */
  rejectedSender?: string;
}

export type ThreadMessage =
  /** The socket is bound. */
  | {
      readonly kind: 'listening';
      readonly host: string;
      readonly port: number;
      readonly socketBufferBytes: number;
    }
  /** The socket could not be bound at the start; the thread ends. */
  | { readonly kind: 'unable'; readonly code: string; readonly message: string }
  /** The socket failed while it ran; it is opened again after a wait. */
  | { readonly kind: 'broken'; readonly message: string; readonly waitMs: number }
  /** Documents (document-batch.ts), with a tally; the buffer is to be given back by `taken`. */
  | {
      readonly kind: 'batch';
      readonly buffer?: ArrayBuffer;
      readonly usedBytes: number;
      /** Bytes of all buffers of the thread, those at the main thread included. */
      readonly heldBytes: number;
      readonly tally: Tally;
    }
  /** The socket was empty; what still comes is read until `close`. */
  | { readonly kind: 'drained' }
  /** All that was read has been handed over; the thread ends. */
  | { readonly kind: 'closed' };

export type MainMessage =
  /** The answer to each `batch`, after its commit. */
  | { readonly kind: 'taken'; readonly buffer?: ArrayBuffer }
  /** Read what the socket has. */
  | { readonly kind: 'drain'; readonly deadlineMs: number }
  /** Close the socket and hand over what was read. */
  | { readonly kind: 'close' };
