/**
 * The calls of CloudWatch Logs on its state.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
 */
import type { JsonService } from '../service.ts';
import {
  createGroup,
  createStream,
  deleteGroup,
  deleteRetention,
  deleteStream,
  describeGroups,
  describeStreams,
  listTags,
  putRetention,
  tagGroup,
  untagGroup,
} from './groups.ts';
import { LOGS_ACCESS } from './access.ts';
import { putEvents } from './put-events.ts';
import { filterEvents, getEvents } from './read-events.ts';
import type { LogsState } from './state.ts';

/** The header by which a caller says that events are of the embedded metric format. */
const FORMAT_HEADER = 'x-amzn-logs-format';

/** @param nowMs  the time by CloudWatch's clock */
export function createLogs(state: LogsState, nowMs: () => number): JsonService {
  const { store } = state;
  return {
    signingName: 'logs',
    target: 'Logs_20140328',
    access: LOGS_ACCESS,
    actions: {
      CreateLogGroup: (input) => createGroup(store, input, nowMs()),
      DeleteLogGroup: (input) => deleteGroup(store, input),
      DescribeLogGroups: (input) => describeGroups(store, input),
      PutRetentionPolicy: (input) => putRetention(store, input),
      DeleteRetentionPolicy: (input) => deleteRetention(store, input),
      TagResource: (input) => tagGroup(store, input),
      UntagResource: (input) => untagGroup(store, input),
      ListTagsForResource: (input) => listTags(store, input),
      CreateLogStream: (input) => createStream(store, input, nowMs()),
      DeleteLogStream: (input) => deleteStream(store, input),
      DescribeLogStreams: (input) => describeStreams(store, input),
      PutLogEvents: (input, { headers }) => {
        const isEmf = headers[FORMAT_HEADER] === 'json/emf';
        return putEvents(state, input, { isEmf, nowMs: nowMs() });
      },
      GetLogEvents: (input) => getEvents(store, input, nowMs()),
      FilterLogEvents: (input) => filterEvents(store, input, nowMs()),
    },
  };
}
