/**
 * What a client's own signature has left in a request that is signed anew: headers and parameters
 * of the query. Pure.
 * Source:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** Headers that a signing sender writes itself; those of the client belong to its own signature. */
const REPLACED = new Set([
  'authorization',
  'content-length',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
]);

/** Whether a header is written anew where a request is signed. @param name  in lower case */
export function isReplacedHeader(name: string): boolean {
  return REPLACED.has(name);
}

const PRESIGNED =
  /^X-Amz-(?:Algorithm|Credential|Date|Expires|Security-Token|Signature|SignedHeaders)=/i;

/** Removes an older signature from a query; every other byte stays. */
export function removePresignature(query: string): string {
  if (!/X-Amz-/i.test(query)) return query;
  return query
    .split('&')
    .filter((pair) => !PRESIGNED.test(pair))
    .join('&');
}
