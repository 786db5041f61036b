/**
 * The datagrams of X-Ray clients: a header line of JSON, and behind it the document.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
 */

const NEWLINE = 10;
/** A header is short; a longer first line is none. */
const HEADER_BYTES_MAX = 1_024;

/** Where the document of a datagram begins; undefined for a datagram without a valid header. */
export function findDocument(datagram: Buffer): number | undefined {
  const end = datagram.indexOf(NEWLINE);
  if (end < 0 || end > HEADER_BYTES_MAX || end + 1 === datagram.length) return undefined;
  return isHeader(datagram.toString('utf8', 0, end)) ? end + 1 : undefined;
}

function isHeader(line: string): boolean {
  try {
    const header = JSON.parse(line) as { format?: unknown; version?: unknown } | null;
    const { format, version } = header ?? {};
    return typeof format === 'string' && format.toLowerCase() === 'json' && version === 1;
  } catch {
    return false;
  }
}
