/**
 * Codes of what is tried again: nothing is lost by them. They stand in log lines, in `lastError` of
 * a target, and behind the message of a command that gives up (exit status 1).
 */
import type { CodeEntry } from './entry.ts';

const sinks = {
  SINK_CREDENTIALS: {
    means:
      'A request could not be signed, since there are no AWS credentials. The samples wait in ' +
      'the queue.',
    remedy: 'Check the role of the task, or what sigv4 in the configuration names.',
  },
  SINK_FILE: {
    means: 'The file of a file_write sink cannot be written. The samples wait in the queue.',
    remedy: 'Check the folder, who may write it, and the room on its disk.',
  },
  SINK_FORBIDDEN: {
    means: 'The receiver answered with 401 or 403. The samples wait in the queue.',
    remedy:
      'Check the credentials, that the role has aps:RemoteWrite on this workspace, and the ' +
      'clock: signatures are valid for five minutes.',
  },
  SINK_NOT_FOUND: {
    means:
      'The receiver answered with 404 or 405: the path, or the workspace in it, does not exist. ' +
      'The samples wait.',
    remedy: 'Correct the url; a reload is enough.',
  },
  SINK_PARTIAL: {
    means:
      'The receiver took a part of the request. What it may still take is sent again; what it ' +
      'refused for good is counted.',
    remedy: 'The answer of the receiver is in the message.',
  },
  SINK_REDIRECTED: {
    means:
      'The receiver answered with a redirect, which is not followed, since a signature holds for ' +
      'one URL.',
    remedy: 'Write the URL that the message names.',
  },
  SINK_THROTTLED: {
    means:
      'The receiver takes no more for now: status 429, or the limit of series of AMP while it ' +
      'grows. It is sent again, more slowly.',
    remedy: 'Nothing when it passes; else ask for a higher limit, or send fewer series.',
  },
  SINK_UNAVAILABLE: {
    means: 'The receiver answered with 408, 425 or a 5xx. It is sent again.',
    remedy:
      'Nothing when it passes; the queue holds what waits, up to disk_size_limit and ' +
      'sample_age_limit.',
  },
  SINK_UNSUPPORTED: {
    means: 'The receiver answered with 415 to remote write 1.0: the URL is of something else.',
    remedy: 'Check the url; that of a workspace of AMP ends with /api/v1/remote_write.',
  },
} as const;

const aws = {
  AWS_CALL: {
    means:
      'A call of an AWS service failed; the action and the name that AWS gives to the error are ' +
      'in the message.',
    remedy:
      'For a refusal add the action to the role; throttling and time-outs pass by themselves.',
  },
  AWS_CREDENTIALS: {
    means: 'No AWS credentials can be had from where they are looked for.',
    remedy: 'Give the task a role, or set the variables or the profile that the AWS SDKs know.',
  },
  AWS_REGION_UNKNOWN: {
    means: 'The AWS region is not named, and instance metadata does not tell it.',
    remedy: 'Set "region" in the configuration, or the variable AWS_REGION.',
  },
  AWS_TIMEOUT: {
    means: 'AWS, or what gives credentials for it, did not answer in time.',
    remedy:
      'Check the network of the task: a private subnet needs a NAT gateway or the VPC endpoints.',
  },
  CLOUD_MAP_ANSWER: {
    means: 'Cloud Map answered in a shape that is not known. The targets known so far stay.',
    remedy: 'Check what stands between: a proxy or an emulator; it is asked again.',
  },
  CLOUD_MAP_INSTANCES: {
    means:
      'The instances of some services of Cloud Map could not be read. The targets known so far ' +
      'stay.',
    remedy: 'The cause of the first is in the message; docs/discovery.md lists the permissions.',
  },
} as const;

const metadata = {
  METADATA_SHAPE: {
    means: 'An answer of the task metadata endpoint is not what version 4 of it says.',
    remedy: 'Update the ECS agent, or the platform version of Fargate.',
  },
  METADATA_STATUS: {
    means: 'The task metadata endpoint answered with another status than 200.',
    remedy: 'It is asked again; what lasts is a fault of the agent, whose log says more.',
  },
  METADATA_TAGS: {
    means: 'The ECS agent was not given the tags of the task by the ECS API.',
    remedy: 'Add ecs:ListTagsForResource to the role of the container instance.',
  },
} as const;

const requests = {
  HTTP_NO_ANSWER: {
    means:
      'An HTTP request got no answer that can be used: no connection, a time-out, a connection ' +
      'that broke, a body too large or not gzip.',
    remedy:
      'The cause is in the message: check address, port, security group, and the limit that it ' +
      'names.',
  },
  OAUTH2_ANSWER: {
    means: 'The token endpoint of oauth2 answered without an access_token.',
    remedy: 'Check token_url; it must be of OAuth 2 with the grant client_credentials.',
  },
  OAUTH2_STATUS: {
    means: 'The token endpoint of oauth2 refused the request.',
    remedy: 'Check client_id, client_secret and scopes.',
  },
  STORE_STOPPED: {
    means: 'The workspace is stopping and has not taken the write.',
    remedy: 'Send it again; a collector does so by itself.',
  },
} as const;

export const recoverableCodes = {
  ...sinks,
  ...aws,
  ...metadata,
  ...requests,
} as const satisfies Record<string, CodeEntry>;
