/**
 * One call of X-Ray's API for the web page: a signed POST, and what its refusals mean to who asked.
 * Retries are left to the page, which asks again by itself.
 * Limits: CALLS_MAX calls under way, CALL_TIMEOUT_MS for each, ANSWER_MAX_BYTES of an answer.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
 */
import { z } from 'zod';
import type { ServiceClient } from '../../aws/service-client.ts';
import { describeError } from '../../kernel/errors.ts';
import type { ClientResponse } from '../../kernel/http-client.ts';
import type { Registry } from '../../kernel/metrics.ts';
import { ApiError } from '../api/answer.ts';

const CALLS_MAX = 16;
const CALL_TIMEOUT_MS = 5_000;
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;
/** How much of a refusal is shown. */
const REFUSAL_MAX = 500;

/** The calls that the page needs, each with the path that X-Ray serves it at. */
const PATHS = {
  GetTraceSummaries: '/TraceSummaries',
  BatchGetTraces: '/Traces',
  GetServiceGraph: '/ServiceGraph',
} as const;
export type XrayAction = keyof typeof PATHS;

const refusalSchema = z.object({
  Message: z.string().optional(),
  message: z.string().optional(),
  __type: z.string().optional(),
});

export class XrayApi {
  readonly #client: Pick<ServiceClient, 'send'>;
  readonly #metrics: Registry;
  #underWay = 0;

  constructor(client: Pick<ServiceClient, 'send'>, metrics: Registry) {
    this.#client = client;
    this.#metrics = metrics;
  }

  /**
   * Calls X-Ray once and returns its answer as the schema gives it.
   *
   * @throws ApiError bad_data for what X-Ray finds invalid, execution for what is refused until
   *   something is changed, unavailable for what may pass
   */
  async call<Answer>(
    action: XrayAction,
    body: Readonly<Record<string, unknown>>,
    schema: z.ZodType<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    if (this.#underWay >= CALLS_MAX)
      throw new ApiError(
        'unavailable',
        `${CALLS_MAX} calls of X-Ray are under way; ask again, from fewer pages at once`,
      );
    this.#underWay += 1;
    try {
      const answer = await this.#send(action, body, signal);
      if (answer.status !== 200) throw this.#refuse(action, answer);
      const parsed = schema.safeParse(parseJson(answer.body));
      if (!parsed.success) throw this.#fail(action, 'its answer is not that of X-Ray');
      this.#count(action, 'ok');
      return parsed.data;
    } finally {
      this.#underWay -= 1;
    }
  }

  async #send(action: XrayAction, body: unknown, signal: AbortSignal): Promise<ClientResponse> {
    try {
      return await this.#client.send({
        method: 'POST',
        path: PATHS[action],
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        timeoutMs: CALL_TIMEOUT_MS,
        bodyMaxBytes: ANSWER_MAX_BYTES,
        signal,
      });
    } catch (error) {
      throw this.#fail(action, describeError(error), error);
    }
  }

  #fail(action: XrayAction, why: string, cause?: unknown): ApiError {
    this.#count(action, 'error');
    return new ApiError('unavailable', `xray:${action}: ${why.slice(0, REFUSAL_MAX)}`, { cause });
  }

  #refuse(action: XrayAction, { status, headers, body }: ClientResponse): ApiError {
    const parsed = refusalSchema.safeParse(parseJson(body));
    const { Message, message, __type: type = '' } = parsed.data ?? {};
    const [name = ''] = (headers['x-amzn-errortype'] ?? type.replace(/^.*#/, '')).split(':');
    const words = (Message ?? message ?? '').slice(0, REFUSAL_MAX);
    const said = [name.slice(0, 100), words].filter((part) => part !== '').join(': ');
    const text = said === '' ? `X-Ray answered with status ${status}` : said;
    if (status === 429 || /Throttl/.test(name)) {
      this.#count(action, 'throttled');
      return new ApiError('unavailable', `xray:${action} is throttled: ${text}`);
    }
    this.#count(action, status === 403 ? 'refused' : 'error');
    if (name === 'InvalidRequestException') return new ApiError('bad_data', words || name);
    if (status === 403)
      return new ApiError('execution', `${text}; the role in use needs xray:${action}`);
    return new ApiError(status >= 500 ? 'unavailable' : 'execution', `xray:${action}: ${text}`);
  }

  #count(action: XrayAction, outcome: 'ok' | 'throttled' | 'refused' | 'error'): void {
    this.#metrics
      .counters('amperage_aws_calls_total', 'Calls of AWS services, by action and outcome.')
      .with({ service: 'xray', action, outcome })
      .inc();
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
