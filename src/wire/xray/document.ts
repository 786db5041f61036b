/**
 * What a segment document says of itself, read without parsing the rest of it: id, trace and name.
 * Only asked for where an answer or a loss is about single documents. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
import { isSpanDocument } from '../otlp/trace-document.ts';
import { listMembers, readTextMember } from './members.ts';

/** What a document says of itself; a member is undefined where it does not say it. */
export interface DocumentHead {
  readonly id?: string | undefined;
  readonly traceId?: string | undefined;
  /** Of the service; of a document of OTLP, its `service.name`. */
  readonly name?: string | undefined;
}

/** The largest document that X-Ray takes, 64 kB. */
export const DOCUMENT_MAX_BYTES = 65_536;

const SERVICE_NAME = Buffer.from('service.name');

export function readHead(document: Buffer): DocumentHead {
  if (isSpanDocument(document)) return { name: readServiceName(document) };
  const members = listMembers(document) ?? [];
  const read = (wanted: string): string | undefined => {
    // Of a key that is there twice, readers of JSON take the last one.
    const member = members.findLast(({ key }) => key === wanted);
    return member === undefined ? undefined : readTextMember(document, member);
  };
  return { id: read('id'), traceId: read('trace_id'), name: read('name') };
}

/**
 * The resource attribute `service.name` of a document of OTLP. In an encoded KeyValue, key and
 * value stand side by side, so nothing else is decoded:
 *
 *     0a 0c service.name 12 length 0a length text
 */
function readServiceName(document: Buffer): string | undefined {
  const message = Buffer.from(document.toString('latin1', 3), 'base64');
  const at = message.indexOf(SERVICE_NAME);
  if (at < 0) return undefined;
  const value = at + SERVICE_NAME.length;
  const length = message[value + 3] ?? 0;
  // A longer text has two bytes of length; it is no name of a service.
  if (message[value] !== 0x12 || message[value + 2] !== 0x0a || length > 0x7f) return undefined;
  return message.toString('utf8', value + 4, value + 4 + length);
}
