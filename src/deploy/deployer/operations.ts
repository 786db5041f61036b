/**
 * What the commands that act on a deployment call themselves, beside what CloudFormation calls for
 * them. They can call nothing else: their calls take an action of this list.
 */
import { makeArn, type PolicyStatement, type ResourcePlace } from '../permissions.ts';
import type { DeploymentTemplate } from '../template.ts';

/** On the stack itself. */
const STACK_ACTIONS = [
  'cloudformation:CreateChangeSet',
  'cloudformation:DeleteChangeSet',
  'cloudformation:DeleteStack',
  'cloudformation:DescribeChangeSet',
  'cloudformation:DescribeStackEvents',
  'cloudformation:DescribeStackResourceDrifts',
  'cloudformation:DescribeStacks',
  'cloudformation:DetectStackDrift',
  'cloudformation:ExecuteChangeSet',
  'cloudformation:GetTemplate',
  'cloudformation:ListStackResources',
] as const;

/** On what the stack made; `callsByType` has them with their resources. */
const PART_ACTIONS = [
  'aps:DeleteWorkspace',
  'ecs:DescribeServices',
  'ecs:DescribeTasks',
  'ecs:ListTasks',
  'ecs:UpdateService',
  'elasticfilesystem:DeleteFileSystem',
  'elasticfilesystem:DescribeFileSystems',
  'servicediscovery:ListInstances',
] as const;

/** Those that know no resources, or read what is there without the stack. */
const OTHER_ACTIONS = [
  'aps:DescribeWorkspace',
  'cloudformation:DescribeStackDriftDetectionStatus',
  'cloudformation:ListStacks',
  'cloudwatch:GetMetricData',
  's3:PutObject',
] as const;

export const operationActions = [...STACK_ACTIONS, ...PART_ACTIONS, ...OTHER_ACTIONS] as const;
export type OperationAction = (typeof operationActions)[number];

/** For a template that is too long for a call: it is put there first, and read from there. */
export function uploadTemplate({ name }: DeploymentTemplate): PolicyStatement {
  return {
    id: 'UploadTemplate',
    actions: ['s3:PutObject', 's3:GetObject'],
    resources: [`arn:aws:s3:::*/amperage/${name}-*`],
    why: 'deploy --bucket: the template is too long for a call; name the bucket here',
  };
}

/** @param name  of the stack */
export function operateStack(name: string, place: ResourcePlace): PolicyStatement[] {
  return [
    {
      id: 'ChangeStack',
      actions: [
        ...STACK_ACTIONS,
        // What `aws cloudformation deploy` and CloudFormation's own drift detection call besides.
        ...[
          'CreateStack', 'UpdateStack', 'DescribeStackResources', 'DetectStackResourceDrift',
          'GetTemplateSummary',
        ].map((action) => `cloudformation:${action}`),
      ],
      resources: [makeArn(place, 'cloudformation', `stack/${name}/*`)],
      why: `plan, deploy, status and destroy of a stack with the name ${name}`,
    },
    {
      id: 'WatchStack',
      actions: [
        'cloudformation:DescribeStackDriftDetectionStatus', 'cloudformation:ListStacks',
        'cloudwatch:GetMetricData',
      ],
      resources: ['*'],
      why:
        'status: drift, and what the workspace takes; destroy --delete-data: what deleted stacks ' +
        'left; these actions know no resources',
    },
    {
      id: 'WatchWorkspace',
      actions: ['aps:DescribeWorkspace'],
      resources: [makeArn(place, 'aps', 'workspace/*')],
      why: 'status: whether the workspace is active',
    },
  ]; // prettier-ignore
}
