/** Traces: the address that applications send to, and the way to it. */
import type { Deployment } from '../schema.ts';
import type { Draft, Reference } from '../template.ts';

/** UDP for segments, TCP for sampling rules. */
export const SEGMENT_PORT = 2_000;

/** What X-Ray's SDKs of an application are told. */
export function segmentAddress({ name, namespace }: Deployment): string {
  return `${name}-collector.${namespace.name}:${SEGMENT_PORT}`;
}

/** Lets the applications in at the collector's port. */
export function addSegmentRules(
  draft: Draft,
  { collectors, applications }: { collectors: Reference; applications: Reference },
): void {
  for (const protocol of ['udp', 'tcp'])
    draft.add({
      id: `Segments${protocol === 'udp' ? 'Udp' : 'Tcp'}`,
      type: 'AWS::EC2::SecurityGroupIngress',
      properties: {
        Description: protocol === 'udp' ? 'Segments of X-Ray' : 'Sampling rules of X-Ray',
        GroupId: collectors.get('GroupId'),
        SourceSecurityGroupId: applications.get('GroupId'),
        IpProtocol: protocol,
        FromPort: SEGMENT_PORT,
        ToPort: SEGMENT_PORT,
      },
      why: 'The applications send traces to the collector.',
    });
}
