/** The members of CloudFormation's requests. */

const TEMPLATE = 'TemplateBody TemplateURL';
const INPUTS = `StackName ${TEMPLATE} Parameters Capabilities RoleARN Tags`;
const IDLE = 'NotificationARNs RollbackConfiguration ResourceTypes';

export const CLOUDFORMATION_MEMBERS = {
  CreateStack: {
    acts:
      `${INPUTS} DisableRollback OnFailure TimeoutInMinutes EnableTerminationProtection ` +
      'RetainExceptOnCreate ClientRequestToken',
    idle: IDLE,
  },
  UpdateStack: {
    acts: `${INPUTS} UsePreviousTemplate DisableRollback ClientRequestToken`,
    idle: IDLE,
  },
  DeleteStack: { acts: 'StackName RetainResources RoleARN ClientRequestToken' },
  CancelUpdateStack: { acts: 'StackName ClientRequestToken' },
  ContinueUpdateRollback: {
    acts: 'StackName ResourcesToSkip ClientRequestToken',
  },
  UpdateTerminationProtection: { acts: 'StackName EnableTerminationProtection' },
  SignalResource: { acts: 'StackName LogicalResourceId UniqueId Status' },
  CreateChangeSet: {
    acts:
      `${INPUTS} UsePreviousTemplate ChangeSetName ChangeSetType Description OnStackFailure ` +
      'ClientToken',
    idle: `${IDLE} IncludeNestedStacks`,
  },
  DescribeChangeSet: {
    acts: 'ChangeSetName StackName NextToken',
    idle: 'IncludePropertyValues',
  },
  ListChangeSets: { acts: 'StackName NextToken' },
  ExecuteChangeSet: {
    acts: 'ChangeSetName StackName DisableRollback RetainExceptOnCreate ClientRequestToken',
  },
  DeleteChangeSet: { acts: 'ChangeSetName StackName' },
  DescribeStacks: { acts: 'StackName NextToken' },
  DescribeStackEvents: { acts: 'StackName NextToken' },
  DescribeStackResource: { acts: 'StackName LogicalResourceId' },
  DescribeStackResources: { acts: 'StackName LogicalResourceId PhysicalResourceId' },
  ListStackResources: { acts: 'StackName NextToken' },
  ListStacks: { acts: 'StackStatusFilter NextToken' },
  GetTemplate: { acts: 'StackName ChangeSetName', idle: 'TemplateStage' },
  GetTemplateSummary: { acts: `${TEMPLATE} StackName` },
  ValidateTemplate: { acts: TEMPLATE },
  ListExports: { acts: 'NextToken' },
  ListImports: { acts: 'ExportName NextToken' },
  DescribeAccountLimits: { acts: 'NextToken' },
  DetectStackDrift: { acts: 'StackName' },
  DescribeStackDriftDetectionStatus: { acts: 'StackDriftDetectionId' },
  DescribeStackResourceDrifts: {
    acts: 'StackName StackResourceDriftStatusFilters NextToken MaxResults',
  },
} as const;
