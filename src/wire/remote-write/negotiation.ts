/**
 * Which version of remote write the headers of a request say.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/#protocol
 */
import type { MessageVersion } from './request-reader.ts';

const TYPE = 'application/x-protobuf';
const MESSAGES: Readonly<Record<string, MessageVersion>> = {
  'prometheus.WriteRequest': 1,
  'io.prometheus.write.v2.Request': 2,
};

export interface NegotiationOptions {
  readonly takes2: boolean;
  /** Whether a header that is absent is taken as that of 1.0, as Prometheus takes it. */
  readonly isLenient?: boolean;
}

/** @returns the version, or the message of a refusal, whose status is 415 */
export function negotiateVersion(
  headers: { readonly [name in 'content-type' | 'content-encoding']?: string | undefined },
  { takes2, isLenient = false }: NegotiationOptions,
): MessageVersion | string {
  const given = headers['content-type'] ?? (isLenient ? TYPE : '');
  const [type = '', ...parameters] = given.split(';').map((part) => part.trim());
  if (type !== TYPE) return `content type "${type}" is not accepted; send ${TYPE}`;
  const proto = parameters.find((part) => part.startsWith('proto='))?.slice('proto='.length);
  const message = proto ?? 'prometheus.WriteRequest';
  const version = MESSAGES[message];
  if (version === undefined || (version === 2 && !takes2))
    return `message "${message}" is not accepted; send remote write 1.0, prometheus.WriteRequest`;
  const encoding = headers['content-encoding'] ?? (isLenient ? 'snappy' : '');
  if (encoding.toLowerCase() !== 'snappy')
    return `content encoding "${encoding}" is not accepted; send snappy`;
  return version;
}
