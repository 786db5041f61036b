/**
 * What a policy must allow for actions of CloudWatch Logs. To policies the ARN of a group ends in
 * `:*`, but for those that are named in the form without it.
 * Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
 */
import { type AccessRule, type AccessTable, describeTags, needOn, textOf } from '../access.ts';
import type { AwsInput, AwsPlace } from '../service.ts';

const GROUP_ACTIONS =
  'DeleteLogGroup DeleteRetentionPolicy DescribeLogStreams FilterLogEvents PutRetentionPolicy';
const STREAM_ACTIONS = 'CreateLogStream DeleteLogStream GetLogEvents PutLogEvents';

/** A group by its name, or by its ARN as an identifier. */
function groupArn(input: AwsInput, { accountId, region }: AwsPlace): string {
  const given = textOf(input, 'logGroupName') || textOf(input, 'logGroupIdentifier');
  const name = given.startsWith('arn:') ? (given.split(':log-group:')[1] ?? '') : given;
  return `arn:aws:logs:${region}:${accountId}:log-group:${name.replace(/:\*$/, '')}`;
}

const createGroup: AccessRule = (input, at) => {
  const resource = `${groupArn(input, at)}:log-stream:`;
  const context = describeTags(input);
  const tags = Object.keys(input['tags'] ?? {});
  const actions = ['logs:CreateLogGroup', ...(tags.length === 0 ? [] : ['logs:TagResource'])];
  return actions.map((action) => ({ action, resource, context }));
};

export const LOGS_ACCESS: AccessTable = {
  CreateLogGroup: createGroup,
  ...needOn(
    'logs',
    GROUP_ACTIONS,
    (input, at) => `${groupArn(input, at)}:log-stream:`,
    describeTags,
  ),
  ...needOn(
    'logs',
    STREAM_ACTIONS,
    (input, at) => `${groupArn(input, at)}:log-stream:${textOf(input, 'logStreamName')}`,
  ),
  ...needOn(
    'logs',
    'ListTagsForResource TagResource UntagResource',
    (input) => textOf(input, 'resourceArn'),
    describeTags,
  ),
};
