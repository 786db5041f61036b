/**
 * What a policy must allow for the calls of AMP: the action on the ARN of what it is about, with
 * the tags that this has and those that the call gives.
 * Source:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedserviceforprometheus.html
 */
import type { AccessRule, AccessTable, Need } from '../access.ts';
import { REST_PATHS } from '../rest-paths.ts';
import type { AwsInput, AwsPlace } from '../service.ts';
import type { AmpState } from './state.ts';

/** Actions on no resource that is there. */
const ON_ALL = new Set([
  'CreateWorkspace',
  'GetDefaultScraperConfiguration',
  'ListScrapers',
  'ListWorkspaces',
]);

export function ampAccess(state: AmpState): AccessTable {
  return Object.fromEntries(
    Object.keys(REST_PATHS['aps'] ?? {}).map((action): [string, AccessRule] => [
      action,
      (input, at) => [needOf(state, action, input, at)],
    ]),
  );
}

function needOf(state: AmpState, action: string, input: AwsInput, at: AwsPlace): Need {
  const resource = nameResource(action, input, at);
  const tags = state.tagsOf(resource) ?? [];
  const given = Object.entries((input['tags'] ?? {}) as Record<string, unknown>);
  const keys = given.map(([name]) => name);
  return {
    action: `aps:${action}`,
    resource,
    context: {
      ...Object.fromEntries([...tags].map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
      ...Object.fromEntries(
        given.map(([name, value]) => [`aws:RequestTag/${name}`, String(value)]),
      ),
      ...(keys.length > 0 ? { 'aws:TagKeys': keys } : {}),
    },
  };
}

function nameResource(action: string, input: AwsInput, { accountId, region }: AwsPlace): string {
  const { workspaceId, scraperId, resourceArn, name, anomalyDetectorId, destination } = input;
  if (ON_ALL.has(action)) return '*';
  if (typeof resourceArn === 'string') return resourceArn;
  // A scraper that is made is of the workspace that it writes to.
  const { ampConfiguration } = Object(destination ?? {}) as {
    readonly ampConfiguration?: { readonly workspaceArn?: unknown };
  };
  if (action === 'CreateScraper') return String(ampConfiguration?.workspaceArn);
  const arn = (path: string): string => `arn:aws:aps:${region}:${accountId}:${path}`;
  if (typeof scraperId === 'string') return arn(`scraper/${scraperId}`);
  const workspace = String(workspaceId);
  if (typeof anomalyDetectorId === 'string')
    return arn(`anomalydetector/${workspace}/${anomalyDetectorId}`);
  if (action.endsWith('RuleGroupsNamespace'))
    return arn(`rulegroupsnamespace/${workspace}/${String(name)}`);
  return arn(`workspace/${workspace}`);
}
