/**
 * Codes of failures that are tried again: no samples are lost by them. They are in log lines, in
 * `lastError` of a target, and in the message of a command that gives up (exit status 1).
 */
import type { CodeEntry } from './entry.ts';

const sinks = {
  SINK_CREDENTIALS: {
    means:
      'A request could not be signed, since there are no AWS credentials. The samples wait in ' +
      'the queue.',
    remedy: 'Check the role of the task, or the keys of sigv4 in the configuration.',
  },
  SINK_FILE: {
    means: 'The file of a file_write or otlp_file_write sink cannot be written. Samples wait.',
    remedy: 'Check the folder, its permissions, and the free space on its disk.',
  },
  SINK_FORBIDDEN: {
    means: 'The receiver answered with 401 or 403. What was to be sent waits in the queue.',
    remedy:
      'Check the credentials, the region, and that the role may do what the message names: ' +
      'aps:RemoteWrite on this workspace, xray:PutTraceSegments, or logs:PutLogEvents, ' +
      'logs:CreateLogGroup and logs:CreateLogStream; and the clock: signatures are valid for ' +
      'five minutes.',
  },
  SINK_NOT_FOUND: {
    means:
      'The receiver answered with 404 or 405: what the URL names, such as the workspace of ' +
      'Prometheus, does not exist there. The items wait in the queue.',
    remedy: 'Correct the url, endpoint or region; a reload is enough to use it.',
  },
  SINK_PARTIAL: {
    means:
      'The receiver took a part of the request. What it may still take is sent again; what it ' +
      'refused for good is dropped and counted.',
    remedy: 'Read the answer of the receiver, which is in the message.',
  },
  SINK_REDIRECTED: {
    means:
      'The receiver answered with a redirect, which is not followed, since a signature is valid ' +
      'for one URL only.',
    remedy: 'Set url to the URL that the message names.',
  },
  SINK_THROTTLED: {
    means:
      'The receiver takes no more for now: status 429, or the limit of series of AMP while it ' +
      'grows. The samples are sent again, more slowly.',
    remedy: 'Nothing if it passes; otherwise ask for a higher limit, or send fewer series.',
  },
  SINK_UNAVAILABLE: {
    means: 'The receiver answered with 408, 425 or a 5xx. The samples are sent again.',
    remedy:
      'Nothing if it passes; the samples wait in the queue, up to disk_size_limit and ' +
      'sample_age_limit.',
  },
  SINK_UNSUPPORTED: {
    means:
      'The receiver answered with 415: it does not take remote write 1.0, or not the encoding or ' +
      'compression of OTLP.',
    remedy:
      'Check the url; that of an AMP workspace ends with /api/v1/remote_write. For otlp_write, ' +
      'check encoding and compression.',
  },
} as const;

const aws = {
  AWS_CALL: {
    means:
      'A call of an AWS service failed; the message has the action and the name that AWS gives ' +
      'to the error.',
    remedy:
      'If it was refused, add the action to the role; throttling and time-outs pass by themselves.',
  },
  AWS_CREDENTIALS: {
    means: 'The sources of AWS credentials gave none.',
    remedy: 'Give the task a role, or set the variables or the profile that the AWS SDKs know.',
  },
  AWS_REGION_UNKNOWN: {
    means:
      'The AWS region is not set, and neither the profile nor the metadata of the task or the ' +
      'instance gives it.',
    remedy:
      'Set "region" in the configuration, the flag of the region, the variable AWS_REGION, or ' +
      'the region of the profile.',
  },
  AWS_TIMEOUT: {
    means: 'AWS, or a source of credentials for it, did not answer in time.',
    remedy:
      'Check the network of the task: a private subnet needs a NAT gateway or the VPC endpoints.',
  },
  AWS_ANSWER: {
    means: 'An answer of AWS is longer, or in smaller pieces, than any that AWS gives.',
    remedy: 'It is asked again; check for a proxy or an emulator in between, and the endpoint.',
  },
  CLOUD_MAP_ANSWER: {
    means:
      'The answer of Cloud Map does not have the documented form. The targets known so far stay.',
    remedy: 'It is asked again; check for a proxy or an emulator in between.',
  },
  CLOUD_MAP_INSTANCES: {
    means:
      'The instances of some services of Cloud Map could not be read. The targets known so far ' +
      'stay.',
    remedy:
      'The message has the cause of the first failure; docs/discovery.md lists the permissions.',
  },
} as const;

const metadata = {
  METADATA_SHAPE: {
    means: 'An answer of the task metadata endpoint does not have the form of version 4.',
    remedy: 'Update the ECS agent, or the platform version of Fargate.',
  },
  METADATA_STATUS: {
    means: 'The task metadata endpoint answered with a status other than 200.',
    remedy: 'It is asked again; if it lasts, look at the log of the ECS agent.',
  },
  METADATA_TAGS: {
    means: 'The ECS API did not give the tags of the task to the ECS agent.',
    remedy: 'Add ecs:ListTagsForResource to the role of the container instance.',
  },
} as const;

const commands = {
  DEMO_FAILED: {
    means: 'A stage of the demo did not start, or nothing came through one.',
    remedy: 'Read the log of the stage that the message names, or give the demo more time.',
  },
  EMULATOR_TASKS: {
    means: 'The machine has no addresses for the tasks that "emulate" runs as processes.',
    remedy: 'Run it on Linux, where all of 127.0.0.0/8 is there, or leave out --run-tasks.',
  },
  UNHEALTHY: {
    means: '"check healthcheck" got no answer from its URL in time, or one that is no success.',
    remedy:
      'The message has the cause. Look at the log of what is checked, and check that the URL is ' +
      'the address that it listens on.',
  },
  UNEXPECTED: {
    means: 'A command ended by an error that it has no words for: a fault of Amperage.',
    remedy: 'Report it with the message, the command line and what --version prints.',
  },
} as const;

const requests = {
  HTTP_NO_ANSWER: {
    means:
      'An HTTP request got no usable answer: no connection, a time-out, a broken connection, a ' +
      'body that is too large, or invalid gzip.',
    remedy:
      'The message has the cause: check the address, the port, the security groups, and the ' +
      'limit that it names.',
  },
  OAUTH2_ANSWER: {
    means: 'The token endpoint of oauth2 answered without an access_token.',
    remedy: 'Check token_url: the endpoint must support OAuth 2 with the grant client_credentials.',
  },
  OAUTH2_STATUS: {
    means: 'The token endpoint of oauth2 refused the request.',
    remedy: 'Check client_id, client_secret and scopes.',
  },
  STORE_STOPPED: {
    means: 'The workspace is stopping and did not take the write.',
    remedy: 'Send it again; a collector does so by itself.',
  },
} as const;

const deploying = {
  STACK_FAILED: {
    means:
      'CloudFormation could not do what was asked, and took it back as far as it can; the ' +
      'message has the status of the stack and the resource that failed first.',
    remedy: 'Mend what the message names, and do it again.',
  },
  STACK_LEFT: {
    means: 'Something of a deployment is still there, though all of it was to be taken away.',
    remedy: 'Run destroy again, or delete what the message names by hand.',
  },
  STACK_UNWATCHED: {
    means:
      'A command stopped following a stack: it was ended, its time was over, or AWS refused ' +
      'its credentials. CloudFormation goes on by itself.',
    remedy: 'Follow it again: "amperage status STACK --follow".',
  },
} as const;

export const recoverableCodes = {
  ...sinks,
  ...aws,
  ...metadata,
  ...requests,
  ...commands,
  ...deploying,
} as const satisfies Record<string, CodeEntry>;
