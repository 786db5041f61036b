/**
 * The request PutTraceSegments: documents as strings of JSON, each as it came. Bytes that are not
 * UTF-8 become U+FFFD, as the X-Ray daemon sends them too.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html
 */
import type { ServiceClient } from '../../aws/service-client.ts';
import type { Clock } from '../../kernel/clock.ts';
import { classify, type Verdict } from './answer.ts';
import type { Telemetry } from './telemetry.ts';

const PATH = '/TraceSegments';
const ANSWER_MAX_BYTES = 1024 * 1024;

export interface PutSegmentsOptions {
  readonly client: ServiceClient;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly telemetry: Pick<Telemetry, 'countFailure'>;
}

/** A verdict, and the bytes of the request. */
export interface Put {
  readonly verdict: Verdict;
  readonly bytes: number;
}

/** Sends documents in one request. @throws RecoverableError when there is no answer */
export async function putSegments(
  documents: readonly Buffer[],
  { client, clock, timeoutMs, userAgent, telemetry }: PutSegmentsOptions,
  signal: AbortSignal,
): Promise<Put> {
  const texts = documents.map((document) => document.toString('utf8'));
  const body = Buffer.from(JSON.stringify({ TraceSegmentDocuments: texts }));
  try {
    const response = await client.send({
      method: 'POST',
      path: PATH,
      headers: { 'content-type': 'application/json', 'user-agent': userAgent },
      body,
      timeoutMs,
      bodyMaxBytes: ANSWER_MAX_BYTES,
      signal,
    });
    if (response.status >= 300) telemetry.countFailure(response.status);
    const verdict = classify(response, `${await client.origin()}${PATH}`, clock.nowMs());
    return { verdict, bytes: body.length };
  } catch (error) {
    if (!signal.aborted) telemetry.countFailure(error);
    throw error;
  }
}
