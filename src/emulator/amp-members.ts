/** The members of AMP's requests, as in members.ts. */

export const AMP_MEMBERS: Readonly<
  Record<string, { readonly acts: string; readonly idle?: string }>
> = {
  CreateAlertManagerDefinition: { acts: 'workspaceId data clientToken' },
  CreateAnomalyDetector: {
    acts:
      'workspaceId alias evaluationIntervalInSeconds missingDataAction configuration labels ' +
      'clientToken tags',
  },
  CreateLoggingConfiguration: { acts: 'workspaceId logGroupArn clientToken' },
  CreateQueryLoggingConfiguration: { acts: 'workspaceId destinations clientToken' },
  CreateRuleGroupsNamespace: { acts: 'workspaceId name data clientToken tags' },
  CreateScraper: {
    acts: 'alias scrapeConfiguration source destination roleConfiguration clientToken tags',
  },
  CreateWorkspace: { acts: 'alias clientToken tags', idle: 'kmsKeyArn' },
  DeleteAlertManagerDefinition: { acts: 'workspaceId clientToken' },
  DeleteAnomalyDetector: { acts: 'workspaceId anomalyDetectorId clientToken' },
  DeleteLoggingConfiguration: { acts: 'workspaceId clientToken' },
  DeleteQueryLoggingConfiguration: { acts: 'workspaceId clientToken' },
  DeleteResourcePolicy: { acts: 'workspaceId clientToken revisionId' },
  DeleteRuleGroupsNamespace: { acts: 'workspaceId name clientToken' },
  DeleteScraper: { acts: 'scraperId clientToken' },
  DeleteScraperLoggingConfiguration: { acts: 'scraperId clientToken' },
  DeleteWorkspace: { acts: 'workspaceId clientToken' },
  DescribeAlertManagerDefinition: { acts: 'workspaceId' },
  DescribeAnomalyDetector: { acts: 'workspaceId anomalyDetectorId' },
  DescribeLoggingConfiguration: { acts: 'workspaceId' },
  DescribeQueryLoggingConfiguration: { acts: 'workspaceId' },
  DescribeResourcePolicy: { acts: 'workspaceId' },
  DescribeRuleGroupsNamespace: { acts: 'workspaceId name' },
  DescribeScraper: { acts: 'scraperId' },
  DescribeScraperLoggingConfiguration: { acts: 'scraperId' },
  DescribeWorkspace: { acts: 'workspaceId' },
  DescribeWorkspaceConfiguration: { acts: 'workspaceId' },
  GetDefaultScraperConfiguration: { acts: '' },
  ListAnomalyDetectors: { acts: 'workspaceId alias maxResults nextToken' },
  ListRuleGroupsNamespaces: { acts: 'workspaceId name nextToken maxResults' },
  ListScrapers: { acts: 'filters nextToken maxResults' },
  ListTagsForResource: { acts: 'resourceArn' },
  ListWorkspaces: { acts: 'nextToken alias maxResults' },
  PutAlertManagerDefinition: { acts: 'workspaceId data clientToken' },
  PutAnomalyDetector: {
    acts:
      'workspaceId anomalyDetectorId evaluationIntervalInSeconds missingDataAction ' +
      'configuration labels clientToken',
  },
  PutResourcePolicy: { acts: 'workspaceId policyDocument clientToken revisionId' },
  PutRuleGroupsNamespace: { acts: 'workspaceId name data clientToken' },
  TagResource: { acts: 'resourceArn tags' },
  UntagResource: { acts: 'resourceArn tagKeys' },
  UpdateLoggingConfiguration: { acts: 'workspaceId logGroupArn clientToken' },
  UpdateQueryLoggingConfiguration: { acts: 'workspaceId destinations clientToken' },
  UpdateScraper: {
    acts: 'scraperId alias scrapeConfiguration destination roleConfiguration clientToken',
  },
  UpdateScraperLoggingConfiguration: { acts: 'scraperId loggingDestination scraperComponents' },
  UpdateWorkspaceAlias: { acts: 'workspaceId alias clientToken' },
  UpdateWorkspaceConfiguration: {
    acts: 'workspaceId clientToken limitsPerLabelSet retentionPeriodInDays',
  },
};
