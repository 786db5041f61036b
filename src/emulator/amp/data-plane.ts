/**
 * The calls on the samples of workspaces, below `/workspaces/ID/api/v1/`: signed, allowed by
 * policies, and then answered by what keeps the workspace. The calls are those that AMP documents.
 * What is said of a workspace that is not there or not ACTIVE is an assumption.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-APIReference-Prometheus-Compatible-Apis.html
 */
import type { Verification } from '../../aws/verification.ts';
import type { HttpRequest, HttpResponse } from '../../kernel/http-server.ts';
import type { Denial, Need } from '../access.ts';
import { breakAnswer } from '../broken-answers.ts';
import { AwsError, type CallContext } from '../service.ts';
import type { Trouble } from '../trouble.ts';
import type { AmpWorkspace, WorkspaceDirectory } from './state.ts';

export interface DataPlaneEdges {
  readonly directory: WorkspaceDirectory;
  readonly trouble: Trouble;
  readonly nowMs: () => number;
  readonly verify: (request: HttpRequest, service: string) => Promise<Verification>;
  readonly contextOf: (
    verdict: { readonly accessKeyId: string; readonly region: string },
    headers: HttpRequest['headers'],
  ) => CallContext;
  readonly authorize: (call: CallContext, need: Need) => Denial;
  /** Counts a call. */
  readonly count: (action: string, answer: () => Promise<HttpResponse>) => Promise<HttpResponse>;
}

/** By the path below `/api/v1/`: the action that a policy must allow. */
const ACTIONS: readonly (readonly [RegExp, string])[] = [
  [/^remote_write$/, 'RemoteWrite'],
  [/^query(?:_range)?$/, 'QueryMetrics'],
  [/^labels$|^label\/[^/]+\/values$/, 'GetLabels'],
  [/^series$/, 'GetSeries'],
  [/^metadata$/, 'GetMetricMetadata'],
  [/^rules$/, 'ListRules'],
  [/^alerts$/, 'ListAlerts'],
];

const PATH = /^\/workspaces\/(?<id>[^/]+)(?<rest>\/(?:api\/v1|alertmanager\/api)\/(?<call>.*))$/;

/** Whether a request is one on samples, and no call of AMP's own API. */
export function isDataCall({ path }: HttpRequest): boolean {
  return PATH.test(path);
}

export async function answerDataCall(
  request: HttpRequest,
  edges: DataPlaneEdges,
): Promise<HttpResponse> {
  const { id = '', rest = '', call = '' } = PATH.exec(request.path)?.groups ?? {};
  const isKnown = rest.startsWith('/api/v1/');
  const action = isKnown ? ACTIONS.find(([pattern]) => pattern.test(call))?.[1] : undefined;
  try {
    if (action === undefined)
      throw new AwsError(
        'UnknownOperationException',
        isKnown
          ? `AMP has no call ${call.slice(0, 100)}`
          : 'this emulator has no alert manager; it keeps the definition alone',
        404,
      );
    return await edges.count(action, () => answerAllowed(request, { id, rest, action }, edges));
  } catch (error) {
    if (error instanceof AwsError) return refuse(error);
    throw error;
  }
}

async function answerAllowed(
  request: HttpRequest,
  { id, rest, action }: { readonly id: string; readonly rest: string; readonly action: string },
  { directory, trouble, nowMs, verify, contextOf, authorize }: DataPlaneEdges,
): Promise<HttpResponse> {
  try {
    const verdict = await verify(request, 'aps');
    if (!verdict.ok) throw new AwsError(verdict.code, verdict.message, 403);
    const context = contextOf(verdict, request.headers);
    const workspace = directory.all.get(id);
    const isHere = workspace?.place.region === context.region;
    if (workspace === undefined || !isHere) throw missWorkspace(id);
    const denial = authorize(context, needOf(workspace, action, nowMs()));
    if (denial !== undefined) return deny(denial);
    const { data } = workspace;
    if (data === undefined || workspace.status.codeAt(nowMs()) !== 'ACTIVE')
      throw missWorkspace(id);
    const how = trouble.strike(action, {}, 'aps');
    return await breakAnswer(how, request, trouble, () => data.answer(withPath(request, rest)));
  } catch (error) {
    if (error instanceof AwsError) return refuse(error);
    throw error;
  }
}

function needOf({ arn, place, single, tags }: AmpWorkspace, action: string, nowMs: number): Need {
  const kept = single.policy;
  const policy = kept?.status.isGone(nowMs) === false ? kept.content.policy : undefined;
  const entries = [...tags].map(([name, value]) => [`aws:ResourceTag/${name}`, value] as const);
  const owner = { accountId: place.accountId, policy };
  return { action: `aps:${action}`, resource: arn, context: Object.fromEntries(entries), owner };
}

function missWorkspace(id: string): AwsError {
  const resourceId = id.slice(0, 100);
  return new AwsError('ResourceNotFoundException', `Workspace not found: ${resourceId}`, 404, {
    resourceId,
    resourceType: 'workspace',
  });
}

/** What IAM denies has its message in a capital letter, as seen of AMP. */
function deny(message: string): HttpResponse {
  return render(403, 'AccessDeniedException', { Message: message });
}

function refuse({ status, code, message, members }: AwsError): HttpResponse {
  return render(status, code, { message, ...members });
}

function render(status: number, code: string, body: object): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify(body),
  };
}

/** The same request by another path. */
export function withPath(request: HttpRequest, path: string): HttpRequest {
  return Object.create(request, { path: { value: path } }) as HttpRequest;
}
