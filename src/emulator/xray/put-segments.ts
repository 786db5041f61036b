/**
 * PutTraceSegments: judges each document for itself, keeps what is right and says of the others
 * why not.
 * Limits: 50 documents a call, as AWS has it.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html
 */
import * as z from 'zod';
import type { AwsInput } from '../service.ts';
import type { Trouble } from '../trouble.ts';
import type { StoredDocument } from './entity.ts';
import { judgeDocument, refuseByCommand, type UnprocessedSegment } from './judgement.ts';
import { parseRequest, refuseRequest } from './requests.ts';
import type { DocumentOutcome, XrayState } from './state.ts';

const DOCUMENTS_MAX = 50;
const requestSchema = z.object({ TraceSegmentDocuments: z.array(z.string()) });

/** @throws AwsError InvalidRequestException */
export async function takeDocuments(
  state: XrayState,
  input: AwsInput,
  { trouble, nowMs }: { readonly trouble: Trouble; readonly nowMs: number },
): Promise<{ readonly UnprocessedTraceSegments: readonly UnprocessedSegment[] }> {
  const { TraceSegmentDocuments: documents } = parseRequest(requestSchema, input);
  if (documents.length > DOCUMENTS_MAX)
    throw refuseRequest(`Exceeding maximum segment count: ${DOCUMENTS_MAX}`);
  const struck = trouble.strikeDocuments('PutTraceSegments', input);
  const refusals: UnprocessedSegment[] = [];
  await state.steps.forEach(documents, (text) => {
    const refusal =
      struck?.isNextRefused() === true
        ? refuseByCommand(text, struck.code)
        : takeDocument(state, text, nowMs);
    if (refusal === undefined) return true;
    refusals.push(refusal);
    state.count('unprocessed', refusal.ErrorCode);
    return true;
  });
  return { UnprocessedTraceSegments: refusals };
}

function takeDocument(
  state: XrayState,
  text: string,
  nowMs: number,
): UnprocessedSegment | undefined {
  const judgement = judgeDocument(text, nowMs);
  switch (judgement.is) {
    case 'refused':
      return judgement.refusal;
    case 'unsampled':
      state.count('unsampled');
      return undefined;
    case 'accepted':
      return keepAll(state, judgement.segments);
  }
}

/** Several segments are the spans of one document, which counts once. */
function keepAll(
  state: XrayState,
  segments: readonly StoredDocument[],
): UnprocessedSegment | undefined {
  let outcome: DocumentOutcome | undefined;
  for (const segment of segments) {
    const placement = state.traces.put(segment);
    if (placement === 'trace_too_large')
      return {
        Id: segment.id,
        ErrorCode: 'InvalidSegment',
        Message:
          'Trace Size Exceeded. Reduce the number of segments per trace and the size of your ' +
          'segment documents.',
      };
    outcome ??= placement;
  }
  state.count(outcome ?? 'repeated');
  return undefined;
}
