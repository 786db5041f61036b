/**
 * AMP's calls on the resource policy of a workspace, which says who of other accounts may write and
 * query, besides their own policies.
 * Limit: POLICY_MAX_BYTES of a policy.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-cross-account.html
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type ParsedPolicy, parsePolicy, PolicyError } from '../../aws/policies/document.ts';
import type { ActionHandler, AwsInput } from '../service.ts';
import { SinglePart } from './parts.ts';
import { parseAmpCall, refuseConflict, refuseData } from './requests.ts';
import type { AmpState } from './state.ts';

const POLICY_MAX_BYTES = 20_480;

const putSchema = z.object({
  policyDocument: z.string().min(1).max(POLICY_MAX_BYTES),
  revisionId: z.string().max(100).optional(),
});
const deleteSchema = z.object({ revisionId: z.string().max(100).optional() });
export function resourcePolicyActions(state: AmpState): Record<string, ActionHandler> {
  const part = new SinglePart(state, 'policy', 'workspacepolicy');
  /** Refuses a change of another revision than the current one. */
  const check = (input: AwsInput, revisionId: string | undefined): void => {
    const current = part.current(input)?.content.revisionId;
    if (revisionId !== undefined && revisionId !== current)
      throw refuseConflict(
        'workspacepolicy',
        String(input['workspaceId']),
        'The revisionId is not that of the current policy.',
      );
  };
  return {
    PutResourcePolicy: (input) => {
      const { policyDocument: document, revisionId } = parseAmpCall(putSchema, input);
      const policy = readPolicy(document);
      check(input, revisionId);
      const content = { document, policy, revisionId: randomUUID() };
      part.put(input, content);
      return { policyStatus: codeOf(part.describe(input)), revisionId: content.revisionId };
    },
    DescribeResourcePolicy: (input) => {
      const found = part.describe(input);
      const { document, revisionId } = found.content;
      return { policyDocument: document, policyStatus: codeOf(found), revisionId };
    },
    DeleteResourcePolicy: (input) => {
      check(input, parseAmpCall(deleteSchema, input).revisionId);
      part.delete(input);
    },
  };
  function codeOf({ status }: ReturnType<typeof part.describe>): string {
    return status.codeAt(state.nowMs());
  }
}

/** @throws AwsError ValidationException */
function readPolicy(text: string): ParsedPolicy {
  try {
    return parsePolicy(text, 'resource');
  } catch (error) {
    if (error instanceof PolicyError) throw refuseData(error.message);
    throw error;
  }
}
