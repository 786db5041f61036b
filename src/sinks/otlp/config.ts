/** The settings of one otlp_write entry as plain values; resolve.ts makes them. */
import type { HttpConnection } from '../../kernel/http-connection.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';
import type { RequestCredentials } from '../requests/authenticate.ts';

export const COMPRESSIONS = ['gzip', 'zstd', 'zlib', 'deflate', 'snappy', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Where requests of one signal go. */
export interface OtlpEndpoint extends RequestCredentials {
  /** Over HTTP the whole URL; over gRPC scheme and host. */
  readonly url: string;
}

export interface KeepAlive {
  /** How long a connection may be silent before it is asked, ms. */
  readonly timeMs: number;
  /** How long the answer may take, ms. */
  readonly timeoutMs: number;
  /** Whether it is asked while no request is under way, too. */
  readonly whileIdle: boolean;
}

export interface OtlpSettings {
  readonly protocol: 'http' | 'grpc';
  readonly encoding: 'proto' | 'json';
  readonly compression: Compression;
  /** That of the algorithm when undefined. */
  readonly compressionLevel: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Our own when undefined. */
  readonly userAgent: string | undefined;
  readonly timeoutMs: number;
  /** A signal without an endpoint is not taken. */
  readonly endpoints: Readonly<Partial<Record<OtlpSignal, OtlpEndpoint>>>;
  readonly connection: HttpConnection | undefined;
  /** Of gRPC: the name that the server is asked for; that of the endpoint when undefined. */
  readonly authority: string | undefined;
  readonly keepAlive: KeepAlive | undefined;
  readonly maxItems: Readonly<Record<OtlpSignal, number>>;
  /** Largest request, uncompressed. */
  readonly maxBytes: number;
}
