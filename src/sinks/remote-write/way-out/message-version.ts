/**
 * Which remote write message a sink speaks: 1.0, or 2.0 until a receiver shows that it does not
 * take it, and 1.0 from then on. The queue holds 1.0 messages with what 2.0 says beyond them, so
 * nothing is lost by the change.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#protocol
 */
import type { ClientResponse } from '../../../kernel/http-client.ts';
import type { Chunk } from '../../../model/queue.ts';
import { upgradeMessages, type RequestCounts } from '../../../wire/remote-write/upgrade.ts';
import { stripExtras } from '../../../wire/remote-write/extras.ts';
import { compress, concatSnappy, uncompress } from '../../../wire/snappy.ts';
import { MESSAGE_2, type RemoteWriteConfig } from '../config.ts';

const RAW_MAX_BYTES = 64 * 1024 * 1024;
const WRITTEN = ['samples', 'histograms', 'exemplars'].map(
  (what) => `x-prometheus-remote-write-${what}-written`,
);

export interface Encoded {
  readonly body: Uint8Array;
  readonly version: 1 | 2;
  /** What a 2.0 message holds. */
  readonly counts?: RequestCounts;
}

export class Dialect {
  readonly #config: RemoteWriteConfig;
  #isRefused = false;

  constructor(config: RemoteWriteConfig) {
    this.#config = config;
  }

  get version(): 1 | 2 {
    return this.#config.message === MESSAGE_2 && !this.#isRefused ? 2 : 1;
  }

  /** One request of the chunks. @throws WireError for chunks that are no messages */
  encode(chunks: readonly Chunk[]): Encoded {
    const bytes = chunks.map((chunk) => chunk.bytes);
    // What compressed 1.0 chunks say together is what they say joined: nothing is done twice.
    if (this.#config.message !== MESSAGE_2) return { body: concatSnappy(bytes), version: 1 };
    const messages = bytes.map((one) => uncompress(one, RAW_MAX_BYTES));
    if (this.version === 1)
      return { body: compress(Buffer.concat(messages.map(stripExtras))), version: 1 };
    const { message, counts } = upgradeMessages(messages);
    return { body: compress(message), version: 2, counts };
  }

  /** Whether the answer to a 2.0 message says that 2.0 is not taken. */
  isRefusal({ status, headers }: ClientResponse): boolean {
    if (status === 415) return true;
    // A receiver of 1.0 that looks at nothing but the body finds none of its fields in it, and is
    // content.
    const isSuccess = status >= 200 && status < 300;
    return isSuccess && !WRITTEN.some((name) => headers[name] !== undefined);
  }

  /** From now on 1.0 is spoken. */
  fallBack(): void {
    this.#isRefused = true;
  }
}

/** How many samples and histograms the receiver says that it has stored. */
export function readWrittenCount({ headers }: ClientResponse): number {
  const [samples = '', histograms = ''] = WRITTEN;
  return (Number(headers[samples]) || 0) + (Number(headers[histograms]) || 0);
}

/** What was configured, and what remote write asks for, which wins. */
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
