/**
 * Calls of CloudWatch Logs: one signed request each, and what its answer means.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
 */
import type { ServiceClient } from '../../aws/service-client.ts';
import type { Clock } from '../../kernel/clock.ts';
import { judgeAnswer, type LogsVerdict } from './answer.ts';

export interface LogsCallsOptions {
  readonly client: Pick<ServiceClient, 'send' | 'origin'>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly userAgent: string;
}

export type LogsAction =
  | 'PutLogEvents'
  | 'CreateLogGroup'
  | 'CreateLogStream'
  | 'PutRetentionPolicy';

/** Calls CloudWatch Logs. @throws RecoverableError when there is no answer */
export type CallLogs = (
  action: LogsAction,
  group: string,
  input: object,
  signal: AbortSignal,
) => Promise<{ readonly verdict: LogsVerdict; readonly bytes: number }>;

const ANSWER_MAX_BYTES = 256 * 1024;
/** Says that events are of the embedded metric format, so that metrics are made of each. */
const FORMAT = { 'x-amzn-logs-format': 'json/emf' };

export function createLogsCalls(options: LogsCallsOptions): CallLogs {
  const { client, clock, timeoutMs, userAgent } = options;
  return async (action, group, input, signal) => {
    const body = Buffer.from(JSON.stringify(input));
    const response = await client.send({
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Logs_20140328.${action}`,
        'user-agent': userAgent,
        ...(action === 'PutLogEvents' ? FORMAT : {}),
      },
      body,
      timeoutMs,
      bodyMaxBytes: ANSWER_MAX_BYTES,
      signal,
    });
    const where = await client.origin();
    const verdict = judgeAnswer(response, { action, where, group, nowMs: clock.nowMs() });
    return { verdict, bytes: body.length };
  };
}
