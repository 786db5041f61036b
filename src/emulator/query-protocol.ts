/**
 * Answers calls of AWS's query protocol, that of EC2 and STS: a form names the action, and the
 * answer is XML. The service is known from the action, or from the scope of the signature.
 * Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import type { HttpRequest, HttpResponse } from '../kernel/http-server.ts';
import { breakAnswer } from './broken-answers.ts';
import { type Ec2Answer, renderEc2Answer, renderEc2Error } from './ec2/answers.ts';
import { describeInstances } from './ec2/instances.ts';
import { describeAvailabilityZones } from './ec2/zones.ts';
import { type CallEdges, dateHeader } from './json-protocol.ts';
import { describeNetworkInterfaces } from './network-interfaces.ts';
import type { EmulatedCloud } from './cloud.ts';
import type { EmulatedRegion } from './region.ts';
import { AwsError } from './service.ts';
import { answerTokenService, renderTokenError } from './token-service.ts';

const EC2_ACTIONS: Readonly<
  Record<string, (form: URLSearchParams, region: EmulatedRegion, pageMax?: number) => Ec2Answer>
> = {
  DescribeAvailabilityZones: (form, { ec2 }) => describeAvailabilityZones(form, ec2),
  DescribeInstances: (form, { ec2 }, pageMax) => describeInstances(form, ec2, pageMax),
  DescribeNetworkInterfaces: (form, { ecs }, pageMax) =>
    describeNetworkInterfaces(form, ecs.interfaces, pageMax),
};

export async function answerQuery(
  request: HttpRequest,
  { verify }: CallEdges,
  cloud: EmulatedCloud,
): Promise<HttpResponse> {
  const { trouble } = cloud;
  const form = new URLSearchParams((await request.body()).toString());
  const action = form.get('Action') ?? '';
  const isEc2 =
    Object.hasOwn(EC2_ACTIONS, action) ||
    /\/ec2\/aws4_request/.test(request.headers.authorization ?? '');
  cloud.count(action);
  const headers = { 'content-type': 'text/xml' };
  try {
    // A caller that shows a web identity token has no keys yet, so it cannot sign.
    const isUnsigned = action === 'AssumeRoleWithWebIdentity';
    const verdict = isUnsigned ? undefined : await verify(request, isEc2 ? 'ec2' : 'sts');
    if (verdict?.ok === false) throw new AwsError(verdict.code, verdict.message, 403);
    const input = Object.fromEntries(form);
    const how = trouble.strike(action, input, isEc2 ? 'ec2' : '');
    if (!isEc2 || verdict === undefined)
      return await breakAnswer(how, request, trouble, () => {
        const body = answerTokenService(form, verdict?.accessKeyId ?? '', cloud);
        return { status: 200, headers, body };
      });
    const run = Object.hasOwn(EC2_ACTIONS, action) ? EC2_ACTIONS[action] : undefined;
    if (run === undefined)
      throw new AwsError(
        'InvalidAction',
        `The action ${action} is not valid for this web service.`,
      );
    const context = cloud.contextOf(verdict, request.headers);
    const region = cloud.regionOf(context.caller.accountId, context.region);
    return await breakAnswer(how, request, trouble, () => {
      const answer = run(form, region, trouble.pageSizeOf(action));
      trouble.learnPage(input, answer);
      return { status: 200, headers, body: renderEc2Answer(action, answer) };
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      status: error.status,
      headers: { ...headers, ...dateHeader(cloud) },
      body: isEc2 ? renderEc2Error(error) : renderTokenError(error),
    };
  }
}
