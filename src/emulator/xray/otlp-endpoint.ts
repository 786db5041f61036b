/**
 * X-Ray's OTLP endpoint: spans become segments and stand with the other traces. It is open while
 * segments go to CloudWatch Logs (Transaction Search), which UpdateTraceSegmentDestination
 * switches.
 * Limits as AWS has them. Refused whole: 5 MB a request, 10,000 spans, 16 KB of a resource with one
 * of its scopes, 24 hours from the first to the last start. Rejected alone: a span above 200 KB,
 * older than 14 days or more than 2 hours ahead (that these are not refused whole is an
 * assumption).
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html
 */
import { ProtoReader } from '../../wire/protobuf/reader.ts';
import { BYTES, tagOf } from '../../wire/protobuf/wire-format.ts';
import type { OtlpService, OtlpTaken } from '../otlp-protocol.ts';
import { AwsError } from '../service.ts';
import type { PartialRefusal } from '../trouble.ts';
import { type JsonObject, readStoredDocument } from './entity.ts';
import { judgeSegment } from './judgement.ts';
import { readOtlpRequest } from './otlp.ts';
import type { XrayState } from './state.ts';

const BODY_MAX_BYTES = 5 * 1024 * 1024;
const SPANS_MAX = 10_000;
const SPAN_MAX_BYTES = 200 * 1024;
const RESOURCE_MAX_BYTES = 16 * 1024;
const AGE_MAX_SECONDS = 14 * 86_400;
const AHEAD_MAX_SECONDS = 2 * 3_600;
const SPAN_MAX_SECONDS = 86_400;

export function createOtlpTraces(state: XrayState, nowMs: () => number): OtlpService {
  return {
    signal: 'traces',
    signingName: 'xray',
    need: 'xray:PutSpans',
    bodyMaxBytes: BODY_MAX_BYTES,
    take: (body, struck) => takeSpans(state, body, { struck, nowSeconds: nowMs() / 1_000 }),
  };
}

async function takeSpans(
  state: XrayState,
  body: Uint8Array,
  {
    struck,
    nowSeconds,
  }: { readonly struck: PartialRefusal | undefined; readonly nowSeconds: number },
): Promise<OtlpTaken> {
  if (state.destination !== 'CloudWatchLogs')
    throw refuse(
      'The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination. Please ' +
        'enable the CloudWatch Logs destination for your traces using the ' +
        'UpdateTraceSegmentDestination API.',
    );
  const sizes = measureSpans(body);
  if (sizes.length > SPANS_MAX)
    throw refuse(`the request has ${sizes.length} spans; at most ${SPANS_MAX} are taken`);
  const segments = readOtlpRequest(body);
  refuseLongStretch(segments);
  let rejected = 0;
  let message = '';
  const all = segments.map((segment, index) => ({ segment, sizeBytes: sizes[index] ?? 0 }));
  await state.steps.forEach(all, ({ segment, sizeBytes }) => {
    const fault =
      struck?.isNextRefused() === true
        ? `${struck.code} on command`
        : (findFault(segment, sizeBytes, nowSeconds) ?? keep(state, segment));
    if (fault === undefined) return true;
    rejected += 1;
    message = fault;
    state.count('unprocessed');
    return true;
  });
  return { rejected, message };
}

function findFault(segment: JsonObject, sizeBytes: number, nowSeconds: number): string | undefined {
  if (sizeBytes > SPAN_MAX_BYTES)
    return `a span has ${sizeBytes} bytes; at most ${SPAN_MAX_BYTES} are taken`;
  const startSeconds = Number(segment['start_time']);
  if (startSeconds < nowSeconds - AGE_MAX_SECONDS) return 'a span is older than 14 days';
  if (startSeconds > nowSeconds + AHEAD_MAX_SECONDS) return 'a span is more than 2 hours ahead';
  return judgeSegment(segment, nowSeconds * 1_000);
}

function keep(state: XrayState, segment: JsonObject): string | undefined {
  const placement = state.traces.put(readStoredDocument(segment, JSON.stringify(segment)));
  if (placement === 'trace_too_large') return 'the trace of a span would grow above its limit';
  state.count(placement);
  return undefined;
}

function refuseLongStretch(segments: readonly JsonObject[]): void {
  let first = Infinity;
  let last = -Infinity;
  for (const { start_time: start } of segments) {
    if (typeof start !== 'number') continue;
    first = Math.min(first, start);
    last = Math.max(last, start);
  }
  if (last - first > SPAN_MAX_SECONDS)
    throw refuse('the spans of the request lie more than 24 hours apart');
}

/**
 * The bytes of each span, in order.
 *
 * @throws AwsError for a resource that is too large with one of its scopes; WireError
 */
function measureSpans(body: Uint8Array): number[] {
  const sizes: number[] = [];
  const reader = new ProtoReader(body);
  forEachNested(reader, 1, () => {
    let resourceBytes = 0;
    const scopeBytes: number[] = [];
    forEachField(reader, (number) => {
      if (number === 1) resourceBytes += reader.binary().length;
      else if (number === 2) {
        const outer = reader.enter();
        forEachField(reader, (inner) => {
          if (inner === 1) scopeBytes.push(reader.binary().length);
          else if (inner === 2) sizes.push(reader.binary().length);
          else return false;
          return true;
        });
        reader.leave(outer);
      } else return false;
      return true;
    });
    const largest = resourceBytes + Math.max(0, ...scopeBytes.slice(0, SPANS_MAX));
    if (largest > RESOURCE_MAX_BYTES)
      throw refuse(
        `a resource with its scope has ${largest} bytes; at most ${RESOURCE_MAX_BYTES} are taken`,
      );
  });
  return sizes;
}

/** Calls for each message of this number, which the reader has entered. */
function forEachNested(reader: ProtoReader, number: number, act: () => void): void {
  forEachField(reader, (found) => {
    if (found !== number) return false;
    const outer = reader.enter();
    act();
    reader.leave(outer);
    return true;
  });
}

/** Calls for each field of bytes; `act` says whether it read the field. Others are skipped. */
function forEachField(reader: ProtoReader, act: (number: number) => boolean): void {
  while (reader.more()) {
    const tag = reader.tag();
    const number = tag >>> 3;
    if (tag !== tagOf(number, BYTES) || !act(number)) reader.skip(tag);
  }
}

function refuse(message: string): AwsError {
  return new AwsError('InvalidRequestException', message);
}
