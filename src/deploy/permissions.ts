/**
 * Permissions of IAM in the smallest form that works: a statement for each thing that a part does,
 * with the calls that need it.
 */
import { ACCOUNT_ID, join, PARTITION, type Properties, REGION, type AwsValue } from './template.ts';

export interface PolicyStatement {
  /** Letters and digits: the `Sid`. */
  readonly id: string;
  readonly actions: readonly string[];
  readonly resources: readonly AwsValue[];
  readonly conditions?: Properties;
  /** Which part of the product makes these calls, and what is lost without them. */
  readonly why: string;
}

/** What a part may have to do with an account of AWS, of which statements are made. */
export interface AccessContext {
  /** ARN of the workspace that samples go to. */
  readonly workspace: AwsValue;
  /** ARN of the cluster that is looked at. */
  readonly cluster: AwsValue;
}

export function writeSamples({ workspace }: Pick<AccessContext, 'workspace'>): PolicyStatement {
  return {
    id: 'WriteSamples',
    actions: ['aps:RemoteWrite'],
    resources: [workspace],
    why: 'remote_write',
  };
}

export function findByCloudMap(): PolicyStatement {
  return {
    id: 'FindByCloudMap',
    actions: [
      'servicediscovery:ListNamespaces',
      'servicediscovery:ListServices',
      'servicediscovery:ListTagsForResource',
      'servicediscovery:DiscoverInstances',
      'servicediscovery:DiscoverInstancesRevision',
    ],
    resources: ['*'],
    why: 'cloudmap_sd_configs: these actions know no resources, or all services are asked',
  };
}

export function pullAndLog(group: AwsValue): PolicyStatement[] {
  return [
    {
      id: 'PullToken',
      actions: ['ecr:GetAuthorizationToken'],
      resources: ['*'],
      why: 'the agent of ECS logs in to ECR',
    },
    {
      id: 'PullImage',
      actions: [
        'ecr:BatchCheckLayerAvailability',
        'ecr:GetDownloadUrlForLayer',
        'ecr:BatchGetImage',
      ],
      resources: [join`arn:${PARTITION}:ecr:${REGION}:${ACCOUNT_ID}:repository/*`],
      why: 'the agent of ECS pulls the images',
    },
    {
      id: 'WriteLogs',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [group],
      why: 'the log driver awslogs',
    },
  ];
}
