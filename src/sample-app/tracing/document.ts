/**
 * Segment documents of X-Ray as this application writes them, and the datagram that carries one.
 * Limit: 65,507 bytes with the header, which UDP carries and X-Ray takes. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */

export interface HttpBlock {
  readonly request?: {
    readonly method: string;
    readonly url: string;
    readonly user_agent?: string;
    readonly client_ip?: string;
    /** Whether the client's address comes from X-Forwarded-For, which anyone can write. */
    readonly x_forwarded_for?: true;
    /** Whether the callee sends a segment whose parent is this subsegment. */
    readonly traced?: true;
  };
  readonly response?: { readonly status: number; readonly content_length?: number };
}

export interface ExceptionBlock {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly type: string;
  readonly message: string;
  /** Whether it happened in the callee. */
  readonly remote: boolean;
  readonly stack: readonly {
    readonly path: string;
    readonly line: number;
    readonly label: string;
  }[];
}

/** A cause, or the id of an exception that a subsegment of the same trace has. */
export type Cause =
  | { readonly working_directory: string; readonly exceptions: readonly ExceptionBlock[] }
  | string;

/** What segments and subsegments have in common, besides their identity and times. */
export interface SegmentDetails {
  http?: HttpBlock;
  aws?: Readonly<Record<string, unknown>>;
  annotations?: Record<string, string | number | boolean>;
  metadata?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  error?: true;
  throttle?: true;
  fault?: true;
  cause?: Cause;
  /** Of subsegments: a call of AWS, or another call that leaves the application. */
  namespace?: 'aws' | 'remote';
  sql?: Readonly<Record<string, string>>;
}

export interface SegmentDocument extends SegmentDetails {
  readonly name: string;
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** Seconds since 1970, with a fraction. */
  readonly start_time: number;
  readonly end_time?: number;
  readonly in_progress?: true;
  /** `1-`, the start in 8 hexadecimal digits, `-`, 24 random ones. Absent inside a parent. */
  readonly trace_id?: string;
  readonly parent_id?: string;
  readonly type?: 'subsegment';
  readonly origin?: string;
  readonly service?: Readonly<Record<string, string>>;
  readonly subsegments?: readonly SegmentDocument[];
}

const DATAGRAM_MAX_BYTES = 65_507;
const HEADER = '{"format": "json", "version": 1}\n';

/**
 * The datagrams of a document. One that is too large is sent without its subsegments, and each of
 * these apart, as often as it takes; what is too large even alone comes back as `lost`.
 */
export function packDocument(document: SegmentDocument): {
  readonly datagrams: readonly { readonly document: SegmentDocument; readonly bytes: Buffer }[];
  readonly lost: readonly SegmentDocument[];
} {
  const text = JSON.stringify(document);
  const bytes = Buffer.from(HEADER + text);
  if (bytes.length <= DATAGRAM_MAX_BYTES) return { datagrams: [{ document, bytes }], lost: [] };
  const { subsegments = [], ...alone } = document;
  if (subsegments.length === 0) return { datagrams: [], lost: [document] };
  const parts = [alone, ...subsegments.map((part) => standAlone(part, document))].map(packDocument);
  return {
    datagrams: parts.flatMap(({ datagrams }) => datagrams),
    lost: parts.flatMap(({ lost }) => lost),
  };
}

/** A subsegment as a document of its own, which names its trace and its parent. */
export function standAlone(
  subsegment: SegmentDocument,
  parent: Pick<SegmentDocument, 'id' | 'trace_id'>,
): SegmentDocument {
  const { trace_id } = parent;
  return {
    ...subsegment,
    type: 'subsegment',
    parent_id: parent.id,
    ...(trace_id === undefined ? {} : { trace_id }),
  };
}
