/** The service's answer as the answer to the client: status, end-to-end headers and bytes. */
import { selectReturnedHeaders } from '../kernel/end-to-end-headers.ts';
import type { ClientResponse } from '../kernel/http-client.ts';
import { HttpError } from '../kernel/http-error.ts';
import { type HttpResponse } from '../kernel/http-server.ts';

/** @throws HttpError 502 for bytes that the client could not decode */
export function passAnswer({ status, headers, headerLists, body }: ClientResponse): HttpResponse {
  const coding = headers['transfer-encoding'] ?? 'chunked';
  if (coding.trim().toLowerCase() !== 'chunked')
    throw new HttpError(
      502,
      `the service sends Transfer-Encoding: ${coding}, which it was not asked for`,
    );
  return {
    status,
    headers: selectReturnedHeaders(headerLists ?? headers),
    body,
    isForwarded: true,
  };
}
