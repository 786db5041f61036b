/** Ways in: a rule that lets one security group reach a port of another. */
import type { Draft, Reference } from '../template.ts';

export interface GroupRule {
  readonly id: string;
  /** The security group that lets in. */
  readonly into: Reference;
  /** The security group that is let in. */
  readonly from: Reference;
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
  /** As AWS shows the rule. */
  readonly description: string;
  readonly why: string;
}

export function letIn(
  draft: Draft,
  { id, into, from, port, protocol = 'tcp', description, why }: GroupRule,
): void {
  draft.add({
    id,
    type: 'AWS::EC2::SecurityGroupIngress',
    properties: {
      Description: description,
      GroupId: into.get('GroupId'),
      SourceSecurityGroupId: from.get('GroupId'),
      IpProtocol: protocol,
      FromPort: port,
      ToPort: port,
    },
    why,
  });
}
