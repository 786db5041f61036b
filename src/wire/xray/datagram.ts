/**
 * The datagrams of X-Ray clients: a header line of JSON, and behind it one document. They are
 * judged as the X-Ray daemon judges them, which reads the header with Go's encoding/json: names in
 * any case, further names allowed, the last of several counts, null and wrong types set nothing.
 * Only the header is read. Different from Go: `"version": 1.0` counts as 1.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
 * and https://github.com/aws/aws-xray-daemon cmd/tracing/daemon.go, pkg/tracesegment
 */

/**
 * Why a datagram is rejected: it has no bytes, no line end behind the header, nothing behind the
 * line end, or a header that is not JSON of format "json" and version 1.
 */
export type Rejection = 'empty' | 'no_line_end' | 'no_document' | 'header';

const LINE_END = 10;

/** Where the document of a datagram begins, in bytes; or why it has none. */
export function findDocument(datagram: Buffer): number | Rejection {
  if (datagram.length === 0) return 'empty';
  const end = datagram.indexOf(LINE_END);
  if (end < 0) return 'no_line_end';
  if (end + 1 === datagram.length) return 'no_document';
  return isHeader(datagram.toString('utf8', 0, end)) ? end + 1 : 'header';
}

function isHeader(line: string): boolean {
  let format: string | undefined;
  let version: number | undefined;
  // The header is short with every known client; a long one costs at most 64 KB of JSON.
  for (const [name, value] of listMembers(line)) {
    // Upper case folds more than lower case: U+017F is a long s, for Go as well.
    const folded = name.toUpperCase();
    if (folded === 'FORMAT' && typeof value === 'string') format = value;
    if (folded === 'VERSION' && Number.isInteger(value)) version = value as number;
  }
  return format?.toUpperCase() === 'JSON' && version === 1;
}

/** The members of an object of JSON; none for any other text. */
function listMembers(line: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? Object.entries(value) : [];
  } catch {
    return [];
  }
}
