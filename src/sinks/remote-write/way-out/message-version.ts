/**
 * Which remote write message a sink sends: 1.0, or 2.0 until the receiver shows that it does not
 * take it, and 1.0 from then on. The queue holds 1.0 messages with the additions of 2.0, so nothing
 * is lost by the change.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#protocol
 */
import type { ClientResponse } from '../../../kernel/http-client.ts';
import type { Chunk } from '../../../model/queue.ts';
import { upgradeMessages, type RequestCounts } from '../../../wire/remote-write/upgrade.ts';
import { stripExtras } from '../../../wire/remote-write/extras.ts';
import { compress, uncompress } from '../../../wire/snappy.ts';
import { MESSAGE_2, type RemoteWriteConfig } from '../config.ts';
import { joinBlocks } from './joining.ts';

const RAW_MAX_BYTES = 64 * 1024 * 1024;
const WRITTEN = ['samples', 'histograms', 'exemplars'].map(
  (what) => `x-prometheus-remote-write-${what}-written`,
);

export interface Encoded {
  readonly body: Uint8Array;
  readonly version: 1 | 2;
  /** How many of each a 2.0 message holds; undefined for 1.0. */
  readonly counts?: RequestCounts;
}

export class NegotiatedVersion {
  readonly #config: RemoteWriteConfig;
  #isRefused = false;

  constructor(config: RemoteWriteConfig) {
    this.#config = config;
  }

  get version(): 1 | 2 {
    return this.#config.message === MESSAGE_2 && !this.#isRefused ? 2 : 1;
  }

  /**
   * Joins the chunks to one request.
   * @param allocate  gives memory of at least this length, which the body may lie in
   * @throws WireError for chunks that are no messages
   */
  encode(chunks: readonly Chunk[], allocate?: (length: number) => Uint8Array): Encoded {
    const bytes = chunks.map((chunk) => chunk.bytes);
    // Joined 1.0 messages are one message, also while compressed.
    if (this.#config.message !== MESSAGE_2)
      return { body: joinBlocks(bytes, allocate), version: 1 };
    const messages = bytes.map((compressed) => uncompress(compressed, RAW_MAX_BYTES));
    if (this.version === 1)
      return { body: compress(Buffer.concat(messages.map(stripExtras))), version: 1 };
    const { message, counts } = upgradeMessages(messages);
    return { body: compress(message), version: 2, counts };
  }

  /** Whether the answer to a 2.0 message says that 2.0 is not taken. */
  isRefusal({ status, headers }: ClientResponse): boolean {
    if (status === 415) return true;
    // A receiver of 1.0 that ignores the content type finds no known field in the body and answers
    // with success, but without the headers that 2.0 demands.
    const isSuccess = status >= 200 && status < 300;
    return isSuccess && !WRITTEN.some((name) => headers[name] !== undefined);
  }

  /** Sends 1.0 from now on. */
  fallBack(): void {
    this.#isRefused = true;
  }
}

/** How many samples and histograms the receiver says it has stored; 0 without the headers. */
export function readWrittenCount({ headers }: ClientResponse): number {
  const [samples = '', histograms = ''] = WRITTEN;
  return (Number(headers[samples]) || 0) + (Number(headers[histograms]) || 0);
}

/** The configured headers and those of remote write; the latter win. Names are lower-case. */
export function protocolHeaders(
  config: RemoteWriteConfig,
  userAgent: string,
  version: 1 | 2 = 1,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(config.headers)) headers[name.toLowerCase()] = value;
  headers['content-type'] =
    version === 2 ? `application/x-protobuf;proto=${MESSAGE_2}` : 'application/x-protobuf';
  headers['content-encoding'] = 'snappy';
  headers['x-prometheus-remote-write-version'] = version === 2 ? '2.0.0' : '0.1.0';
  headers['user-agent'] = userAgent;
  return headers;
}
