/**
 * Spans as one request to X-Ray's endpoint for OTLP, in protobuf, with gzip. X-Ray takes it where
 * traces are kept in CloudWatch Logs (Transaction Search).
 * Limits: SPANS_MAX spans and REQUEST_MAX_BYTES before gzip; a larger request is divided unsent.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ClientResponse } from '../../kernel/http-client.ts';
import { countSpans, readRequestBytes } from '../../wire/otlp/trace-document.ts';
import { WireError } from '../../wire/errors.ts';
import { decodePartialSuccess } from '../../wire/otlp/export-response.ts';
import { judgeResponse } from './answer.ts';
import type { Put, PutSegmentsOptions } from './put-segments.ts';

const PATH = '/v1/traces';
const CONTENT = 'application/x-protobuf';
const ANSWER_MAX_BYTES = 1024 * 1024;
const SPANS_MAX = 10_000;
const REQUEST_MAX_BYTES = 5 * 1024 * 1024;

const compress = promisify(gzip);

export interface PutSpansOptions extends PutSegmentsOptions {
  /** Called for spans that X-Ray refused though it took the others of the request. */
  readonly onRejectedSpans: (spans: number, message: string) => void;
}

/** Sends documents of spans in one request. @throws RecoverableError when there is no answer */
export async function putSpans(
  documents: readonly Buffer[],
  { client, clock, timeoutMs, userAgent, telemetry, onRejectedSpans }: PutSpansOptions,
  signal: AbortSignal,
): Promise<Put> {
  const message = Buffer.concat(documents.map(readRequestBytes));
  const spans = countSpans(message) ?? 0;
  if (spans > SPANS_MAX || message.length > REQUEST_MAX_BYTES)
    return {
      verdict: { kind: 'split', text: `${spans} spans of ${message.length} bytes` },
      bytes: 0,
    };
  const body = await compress(message);
  try {
    const response = await client.send({
      method: 'POST',
      path: PATH,
      headers: { 'content-type': CONTENT, 'content-encoding': 'gzip', 'user-agent': userAgent },
      body,
      timeoutMs,
      bodyMaxBytes: ANSWER_MAX_BYTES,
      signal,
    });
    if (response.status >= 300) telemetry.countFailure(response.status);
    const where = `${await client.origin()}${PATH}`;
    const verdict = judgeResponse(response, where, clock.nowMs(), {
      permission: 'xray:PutSpans',
      readUnprocessed: () => readAnswer(response, spans, onRejectedSpans),
    });
    return { verdict, bytes: body.length };
  } catch (error) {
    if (!signal.aborted) telemetry.countFailure(error);
    throw error;
  }
}

/** All documents are processed where X-Ray answers so; undefined for an answer of another. */
function readAnswer(
  { body }: ClientResponse,
  sent: number,
  onRejectedSpans: PutSpansOptions['onRejectedSpans'],
): [] | undefined {
  try {
    const { rejected, message } = decodePartialSuccess(body);
    if (rejected > 0) onRejectedSpans(Math.min(rejected, sent), message);
    return [];
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
