/**
 * Answers calls of AWS's query protocol, that of EC2 and STS: a form names the action, and the
 * answer is XML. The service is known from the action, or from the scope of the signature.
 * Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import type { EmulatedAccount } from './account.ts';
import { breakAnswer } from './broken-answers.ts';
import { describeInstances, renderEc2Error } from './ec2.ts';
import { type CallEdges, dateHeader } from './json-protocol.ts';
import { describeNetworkInterfaces } from './network-interfaces.ts';
import { AwsError } from './service.ts';
import { answerTokenService, renderTokenError } from './token-service.ts';

const EC2_ACTIONS: Readonly<
  Record<string, (form: URLSearchParams, account: EmulatedAccount) => string>
> = {
  DescribeInstances: (form, { instances }) => describeInstances(form, instances),
  DescribeNetworkInterfaces: (form, { ecs }) => describeNetworkInterfaces(form, ecs.interfaces),
};

export async function answerQuery(
  request: HttpRequest,
  account: EmulatedAccount,
  { verify, trouble, nowMs }: CallEdges,
): Promise<HttpResponse> {
  const form = new URLSearchParams((await request.body()).toString());
  const action = form.get('Action') ?? '';
  const isEc2 =
    Object.hasOwn(EC2_ACTIONS, action) ||
    /\/ec2\/aws4_request/.test(request.headers.authorization ?? '');
  account.count(action);
  const headers = { 'content-type': 'text/xml' };
  try {
    // A caller that shows a web identity token has no keys yet, so it cannot sign.
    const isUnsigned = action === 'AssumeRoleWithWebIdentity';
    const verdict = isUnsigned ? undefined : await verify(request, isEc2 ? 'ec2' : 'sts');
    if (verdict?.ok === false) throw new AwsError(verdict.code, verdict.message, 403);
    const how = trouble.strike(action, Object.fromEntries(form));
    if (!isEc2)
      return await breakAnswer(how, request, trouble, () => {
        const { identities } = account;
        const body = answerTokenService(form, verdict?.accessKeyId ?? '', identities, nowMs());
        return { status: 200, headers, body };
      });
    const run = Object.hasOwn(EC2_ACTIONS, action) ? EC2_ACTIONS[action] : undefined;
    if (run === undefined)
      throw new AwsError(
        'InvalidAction',
        `The action ${action} is not valid for this web service.`,
      );
    return await breakAnswer(how, request, trouble, () => ({
      status: 200,
      headers,
      body: run(form, account),
    }));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      status: error.status,
      headers: { ...headers, ...dateHeader(trouble, nowMs()) },
      body: isEc2 ? renderEc2Error(error) : renderTokenError(error),
    };
  }
}
