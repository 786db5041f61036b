/**
 * Answers calls of EC2's form of AWS's query protocol: a form names the action, and the answer is
 * XML.
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
import { refuseDenied } from './prepared-call.ts';
import { AwsError } from './service.ts';

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
  cloud.count(action);
  const headers = { 'content-type': 'text/xml' };
  try {
    const verdict = await verify(request, 'ec2');
    if (!verdict.ok) throw new AwsError(verdict.code, verdict.message, 403);
    const input = Object.fromEntries(form);
    const run = Object.hasOwn(EC2_ACTIONS, action) ? EC2_ACTIONS[action] : undefined;
    if (run === undefined)
      throw new AwsError(
        'InvalidAction',
        `The action ${action} is not valid for this web service.`,
      );
    const context = cloud.contextOf(verdict, request.headers);
    refuseDenied([{ action: `ec2:${action}`, resource: '*' }], context, cloud, {
      code: 'UnauthorizedOperation',
      status: 403,
    });
    const region = cloud.regionOf(context.caller.accountId, context.region);
    const how = trouble.strike(action, input, 'ec2');
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
      body: renderEc2Error(error),
    };
  }
}
