/**
 * One call of an AWS service for the web page: a signed POST of JSON, and what its refusals mean to
 * who asked. Retries are left to the page, which asks again by itself.
 * Limits: CALLS_MAX calls under way, CALL_TIMEOUT_MS for each, ANSWER_MAX_BYTES of an answer.
 */
import * as z from 'zod';
import type { ServiceClient } from '../../aws/service-client.ts';
import { describeError } from '../../kernel/errors.ts';
import type { ClientResponse } from '../../kernel/http-client.ts';
import type { Registry } from '../../kernel/metrics.ts';
import { ApiError } from './answer.ts';

const CALLS_MAX = 16;
const CALL_TIMEOUT_MS = 5_000;
const ANSWER_MAX_BYTES = 16 * 1024 * 1024;
/** How much of a refusal is shown. */
const REFUSAL_MAX = 500;

/** What the calls of one service have in common. */
export interface CalledService<Action extends string> {
  /** As in the names of permissions, such as `xray`. */
  readonly id: string;
  /** For messages. */
  readonly name: string;
  /** Errors that say that what was asked for is not valid. */
  readonly invalid: readonly string[];
  address(action: Action): { readonly path: string; readonly headers: Record<string, string> };
}

const refusalSchema = z.object({
  Message: z.string().optional(),
  message: z.string().optional(),
  __type: z.string().optional(),
});

export class BoundedAwsCalls<Action extends string> {
  readonly #service: CalledService<Action>;
  readonly #client: Pick<ServiceClient, 'send'>;
  readonly #metrics: Registry;
  #underWay = 0;

  constructor(
    service: CalledService<Action>,
    client: Pick<ServiceClient, 'send'>,
    metrics: Registry,
  ) {
    this.#service = service;
    this.#client = client;
    this.#metrics = metrics;
  }

  /**
   * Calls the service once and returns its answer as the schema gives it.
   *
   * @throws ApiError bad_data for what the service finds invalid, execution for what is refused
   *   until something is changed, unavailable for what may pass
   */
  async call<Answer>(
    action: Action,
    body: Readonly<Record<string, unknown>>,
    schema: z.ZodType<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    if (this.#underWay >= CALLS_MAX)
      throw new ApiError(
        'unavailable',
        `${CALLS_MAX} calls of ${this.#service.name} are under way; ask again, from fewer ` +
          'pages at once',
      );
    this.#underWay += 1;
    try {
      const answer = await this.#send(action, body, signal);
      if (answer.status !== 200) throw this.#refuse(action, answer);
      const parsed = schema.safeParse(parseJson(answer.body));
      if (!parsed.success)
        throw this.#fail(action, `its answer is not that of ${this.#service.name}`);
      this.#count(action, 'ok');
      return parsed.data;
    } finally {
      this.#underWay -= 1;
    }
  }

  async #send(action: Action, body: unknown, signal: AbortSignal): Promise<ClientResponse> {
    try {
      return await this.#client.send({
        method: 'POST',
        ...this.#service.address(action),
        body: JSON.stringify(body),
        timeoutMs: CALL_TIMEOUT_MS,
        bodyMaxBytes: ANSWER_MAX_BYTES,
        signal,
      });
    } catch (error) {
      throw this.#fail(action, describeError(error), error);
    }
  }

  #fail(action: Action, why: string, cause?: unknown): ApiError {
    this.#count(action, 'error');
    return new ApiError(
      'unavailable',
      `${this.#service.id}:${action}: ${why.slice(0, REFUSAL_MAX)}`,
      { cause },
    );
  }

  #refuse(action: Action, { status, headers, body }: ClientResponse): ApiError {
    const { id, name: service, invalid } = this.#service;
    const parsed = refusalSchema.safeParse(parseJson(body));
    const { Message, message, __type: type = '' } = parsed.data ?? {};
    const [name = ''] = (headers['x-amzn-errortype'] ?? type.replace(/^.*#/, '')).split(':');
    const words = (Message ?? message ?? '').slice(0, REFUSAL_MAX);
    const said = [name.slice(0, 100), words].filter((part) => part !== '').join(': ');
    const text = said === '' ? `${service} answered with status ${status}` : said;
    if (status === 429 || /Throttl/.test(name)) {
      this.#count(action, 'throttled');
      return new ApiError('unavailable', `${id}:${action} is throttled: ${text}`);
    }
    this.#count(action, status === 403 ? 'refused' : 'error');
    if (invalid.includes(name)) return new ApiError('bad_data', words || name);
    if (status === 403)
      return new ApiError('execution', `${text}; the role in use needs ${id}:${action}`);
    return new ApiError(status >= 500 ? 'unavailable' : 'execution', `${id}:${action}: ${text}`);
  }

  #count(action: Action, outcome: 'ok' | 'throttled' | 'refused' | 'error'): void {
    this.#metrics
      .counters('amperage_aws_calls_total', 'Calls of AWS services, by action and outcome.')
      .with({ service: this.#service.id, action, outcome })
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
