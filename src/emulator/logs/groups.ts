/**
 * The calls of CloudWatch Logs on log groups and log streams: making, removing, listing, retention
 * and tags.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
 */
import * as z from 'zod';
import { flagSchema } from '../constraints.ts';
import { notImplemented } from '../members.ts';
import { type AwsInput } from '../service.ts';
import {
  cutLogsPage,
  groupNameSchema,
  missGroup,
  parseLogsCall,
  refuseParameter,
  streamNameSchema,
  tagsSchema,
} from './requests.ts';
import { compareTexts, type LogGroup, type LogStore, type LogStream } from './store.ts';

const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]; // prettier-ignore
const TAGS_MAX = 50;

const createGroupSchema = z.object({
  logGroupName: groupNameSchema,
  tags: tagsSchema.optional(),
  logGroupClass: z.enum(['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY']).optional(),
});

export function createGroup(store: LogStore, input: AwsInput, nowMs: number): void {
  const { logGroupName: name, tags = {}, logGroupClass } = parseLogsCall(createGroupSchema, input);
  if (name.startsWith('aws/'))
    throw refuseParameter("Log groups starting with 'aws/' are reserved for AWS.");
  if (logGroupClass !== undefined && logGroupClass !== 'STANDARD')
    throw notImplemented(`logGroupClass ${logGroupClass} is not supported here; STANDARD is`);
  store.createGroup(name, tags, nowMs);
}

const groupSchema = z.object({ logGroupName: groupNameSchema });

export function deleteGroup(store: LogStore, input: AwsInput): void {
  store.deleteGroup(store.group(parseLogsCall(groupSchema, input).logGroupName));
}

const describeGroupsSchema = z.object({
  logGroupNamePrefix: groupNameSchema.optional(),
  logGroupNamePattern: z.string().max(512).optional(),
});

export function describeGroups(store: LogStore, input: AwsInput): object {
  const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = parseLogsCall(
    describeGroupsSchema,
    input,
  );
  if (prefix !== undefined && pattern !== undefined)
    throw refuseParameter(
      'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
    );
  const found = store
    .list()
    .filter(({ name }) => name.startsWith(prefix ?? '') && name.includes(pattern ?? ''));
  const { page, ...more } = cutLogsPage(found, input);
  return { logGroups: page.map(renderGroup), ...more };
}

function renderGroup({ name, arn, createdMs, retentionDays, storedBytes }: LogGroup): object {
  return {
    logGroupName: name,
    creationTime: createdMs,
    retentionInDays: retentionDays,
    metricFilterCount: 0,
    arn: `${arn}:*`,
    storedBytes,
    logGroupClass: 'STANDARD',
    logGroupArn: arn,
  };
}

const retentionSchema = z.object({
  logGroupName: groupNameSchema,
  retentionInDays: z.number().int(),
});

export function putRetention(store: LogStore, input: AwsInput): void {
  const { logGroupName, retentionInDays } = parseLogsCall(retentionSchema, input);
  if (!RETENTION_DAYS.includes(retentionInDays))
    throw refuseParameter(
      `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to ` +
        'satisfy constraint: Member must satisfy enum value set: ' +
        `[${RETENTION_DAYS.join(', ')}]`,
    );
  store.group(logGroupName).retentionDays = retentionInDays;
}

export function deleteRetention(store: LogStore, input: AwsInput): void {
  store.group(parseLogsCall(groupSchema, input).logGroupName).retentionDays = undefined;
}

const streamSchema = z.object({ logGroupName: groupNameSchema, logStreamName: streamNameSchema });

export function createStream(store: LogStore, input: AwsInput, nowMs: number): void {
  const { logGroupName, logStreamName } = parseLogsCall(streamSchema, input);
  store.createStream(store.group(logGroupName), logStreamName, nowMs);
}

export function deleteStream(store: LogStore, input: AwsInput): void {
  const { logGroupName, logStreamName } = parseLogsCall(streamSchema, input);
  const group = store.group(logGroupName);
  store.deleteStream(group, store.stream(group, logStreamName));
}

const describeStreamsSchema = z.object({
  logStreamNamePrefix: streamNameSchema.optional(),
  orderBy: z.enum(['LogStreamName', 'LastEventTime']).optional(),
  descending: flagSchema.optional(),
});

export function describeStreams(store: LogStore, input: AwsInput): object {
  const request = parseLogsCall(describeStreamsSchema, input);
  const { logStreamNamePrefix: prefix, orderBy = 'LogStreamName', descending = false } = request;
  const group = findLogGroup(store, input);
  if (orderBy === 'LastEventTime' && prefix !== undefined)
    throw refuseParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  const lastMs = ({ events }: LogStream): number => events.at(-1)?.timestampMs ?? 0;
  const found = [...group.streams.values()]
    .filter(({ name }) => name.startsWith(prefix ?? ''))
    .sort((a, b) => {
      const byTime = orderBy === 'LastEventTime' ? lastMs(a) - lastMs(b) : 0;
      return (byTime || compareTexts(a.name, b.name)) * (descending ? -1 : 1);
    });
  const { page, ...more } = cutLogsPage(found, input);
  return { logStreams: page.map(renderStream), ...more };
}

function renderStream({ name, arn, createdMs, events, lastIngestedMs }: LogStream): object {
  return {
    logStreamName: name,
    creationTime: createdMs,
    firstEventTimestamp: events[0]?.timestampMs,
    lastEventTimestamp: events.at(-1)?.timestampMs,
    lastIngestionTime: lastIngestedMs,
    arn,
    storedBytes: 0,
  };
}

const identifierSchema = z.object({
  logGroupName: groupNameSchema.optional(),
  logGroupIdentifier: z
    .string()
    .min(1)
    .max(2048)
    .regex(/^[\w#+=/:,.@-]*$/)
    .optional(),
});

/** Finds the group that a call gives by its name, or by its name or ARN. @throws AwsError */
export function findLogGroup(store: LogStore, input: AwsInput): LogGroup {
  const { logGroupName: name, logGroupIdentifier: identifier } = parseLogsCall(
    identifierSchema,
    input,
  );
  if ((name === undefined) === (identifier === undefined))
    throw refuseParameter('Exactly one of LogGroupName and LogGroupIdentifier must be specified.');
  return name === undefined ? findByArn(store, identifier ?? '') : store.group(name);
}

/** @param identifier  an ARN, or a name */
function findByArn(store: LogStore, identifier: string): LogGroup {
  const arn = identifier.replace(/:\*$/, '');
  const name = arn.startsWith('arn:') ? (arn.split(':log-group:')[1] ?? '') : arn;
  const found = store.find(name);
  if (found === undefined || (arn.startsWith('arn:') && found.arn !== arn)) throw missGroup();
  return found;
}

const resourceSchema = z.object({ resourceArn: z.string().min(1).max(1011) });

export function tagGroup(store: LogStore, input: AwsInput): void {
  const { resourceArn, tags } = parseLogsCall(resourceSchema.extend({ tags: tagsSchema }), input);
  const group = findByArn(store, resourceArn);
  const names = new Set([...group.tags.keys(), ...Object.keys(tags)]);
  if (names.size > TAGS_MAX) throw refuseParameter(`A log group has at most ${TAGS_MAX} tags.`);
  for (const [name, value] of Object.entries(tags)) group.tags.set(name, value);
}

export function untagGroup(store: LogStore, input: AwsInput): void {
  const schema = resourceSchema.extend({ tagKeys: z.array(z.string()).max(TAGS_MAX) });
  const { resourceArn, tagKeys } = parseLogsCall(schema, input);
  const group = findByArn(store, resourceArn);
  for (const name of tagKeys) group.tags.delete(name);
}

export function listTags(store: LogStore, input: AwsInput): object {
  const { resourceArn } = parseLogsCall(resourceSchema, input);
  return { tags: Object.fromEntries(findByArn(store, resourceArn).tags) };
}
