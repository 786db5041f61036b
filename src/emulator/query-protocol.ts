/**
 * Answers calls of STS in AWS's query protocol: a form names the action, and the answer is XML.
 * Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import { breakAnswer } from './broken-answers.ts';
import { type CallEdges, dateHeader } from './json-protocol.ts';
import type { EmulatedCloud } from './cloud.ts';
import { AwsError } from './service.ts';
import { answerTokenService, renderTokenError } from './token-service.ts';

export async function answerQuery(
  request: HttpRequest,
  { verify }: CallEdges,
  cloud: EmulatedCloud,
): Promise<HttpResponse> {
  const { trouble } = cloud;
  const form = new URLSearchParams((await request.body()).toString());
  const action = form.get('Action') ?? '';
  cloud.count(action);
  const headers = { 'content-type': 'text/xml' };
  try {
    // A caller that shows a web identity token has no keys yet, so it cannot sign.
    const isUnsigned = action === 'AssumeRoleWithWebIdentity';
    const verdict = isUnsigned ? undefined : await verify(request, 'sts');
    if (verdict?.ok === false) throw new AwsError(verdict.code, verdict.message, 403);
    const input = Object.fromEntries(form);
    const how = trouble.strike(action, input, '');
    return await breakAnswer(how, request, trouble, () => {
      const body = answerTokenService(form, verdict?.accessKeyId ?? '', cloud);
      return { status: 200, headers, body };
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      status: error.status,
      headers: { ...headers, ...dateHeader(cloud) },
      body: renderTokenError(error),
    };
  }
}
