/**
 * Requests in JSON become the same in protobuf and go the same way from there on.
 */
import type { ByteShare } from './budget.ts';
import type { OtlpSignal } from './intake.ts';
import { encodeJsonRequest } from '../wire/otlp/json.ts';

/**
 * @throws WireError where it can't be read
 */
export function convertJson(signal: OtlpSignal, body: Buffer, share: ByteShare): Promise<Buffer> {
  const converted = encodeJsonRequest(signal, body);
  share.take(converted.length);
  return Promise.resolve(converted);
}
