/**
 * Plays the steps of a scenario file in an emulated account: API calls, objects, and admin actions
 * for what AWS does by itself, each after a wait if the step says so. Like any client it sends
 * signed requests over HTTP.
 */
import * as z from 'zod';
import { type AwsCredentials, sha256Hex, signRequest } from '../aws/signing.ts';
import type { Component } from '../kernel/component.ts';
import { ConfigError, describeError } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import { durationSchema } from '../settings/duration.ts';
import { addressCall, parseOperation, type RestOperation } from './rest-operations.ts';
import { REST_PATHS } from './rest-paths.ts';

/** By the AWS CLI's name of a service: the part of X-Amz-Target before the dot. */
const TARGETS: Readonly<Record<string, string>> = {
  ecs: 'AmazonEC2ContainerServiceV20141113',
  logs: 'Logs_20140328',
  secretsmanager: 'secretsmanager',
  servicediscovery: 'Route53AutoNaming_v20170314',
  sqs: 'AmazonSQS',
  ssm: 'AmazonSSM',
};

const ANSWER_MS = 10_000;
const ANSWER_MAX_BYTES = 1024 * 1024;

const after = durationSchema
  .optional()
  .meta({ description: 'How long after the step before; at once by default.', examples: ['10s'] });
const stepSchema = z.union([
  z.strictObject({
    call: z
      .string()
      .regex(/^[a-z]+\.[A-Z]\w+$/)
      .meta({ description: 'Service and action of a call.', examples: ['ssm.PutParameter'] }),
    input: z.record(z.string(), z.unknown()).default({}).describe('Input of the call.'),
    after,
  }),
  z.strictObject({
    admin: z.string().meta({
      description:
        'What stands behind /_emulator/ in the URL of an administration request: ecs/tasks, ' +
        'trouble.',
      examples: ['trouble'],
    }),
    input: z.record(z.string(), z.unknown()).describe('Body of the request.'),
    after,
  }),
  z.strictObject({
    object: z
      .string()
      .regex(/^s3:\/\/[^/]+\/.+$/)
      .meta({
        description: 'Object of S3 that is written.',
        examples: ['s3://bucket/prometheus.yml'],
      }),
    text: z.string().describe('Text of the object.'),
    after,
  }),
]);
export const scenarioSchema = z.strictObject({
  steps: z.array(stepSchema).max(10_000).describe('What happens, in order.'),
});

export type ScenarioStep = z.output<typeof stepSchema>;

/**
 * Reads the steps from the document of a file.
 *
 * @throws ConfigError EMULATOR_SCENARIO
 */
export function parseScenario(document: unknown, file: string): ScenarioStep[] {
  const parsed = scenarioSchema.safeParse(document);
  if (parsed.success) return parsed.data.steps;
  throw new ConfigError('EMULATOR_SCENARIO', `${file}: ${z.prettifyError(parsed.error)}`);
}

export interface ScenarioOptions {
  readonly world: Pick<World, 'clock' | 'http' | 'log'>;
  /** The URL of the emulator; called once it listens. */
  readonly url: () => string;
  readonly region: string;
  readonly credentials: AwsCredentials;
}

/** Start resolves after the steps before the first `after`; a step that fails ends the scenario. */
export class Scenario implements Component {
  readonly name = 'scenario';
  readonly #steps: readonly ScenarioStep[];
  readonly #options: ScenarioOptions;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(steps: readonly ScenarioStep[], options: ScenarioOptions) {
    this.#steps = steps;
    this.#options = options;
  }

  start(): Promise<void> {
    return this.#play(0, false);
  }

  stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped.abort(new Error('the scenario is stopped'));
    return Promise.resolve();
  }

  async #play(from: number, isDue: boolean): Promise<void> {
    for (let i = from; i < this.#steps.length; i++) {
      const step = this.#steps[i] as ScenarioStep;
      if (this.#stopped.signal.aborted) return;
      if (step.after !== undefined && !(isDue && i === from)) {
        this.#timer = setTimeout(
          () =>
            void this.#play(i, true).catch((error: unknown) =>
              this.#options.world.log.error('the scenario ends here', { error }),
            ),
          step.after,
        );
        return;
      }
      await this.#runStep(step, i);
    }
  }

  async #runStep(step: ScenarioStep, index: number): Promise<void> {
    const place = `step ${index + 1} of the scenario`;
    try {
      if ('call' in step) await this.#call(step.call, step.input);
      else if ('admin' in step) await this.#send('PUT', `/_emulator/${step.admin}`, step.input);
      else await this.#writeObject(step.object, step.text);
      this.#options.world.log.info('done', { place });
    } catch (error) {
      throw new ConfigError('EMULATOR_SCENARIO', `${place}: ${describeError(error)}`, {
        cause: error,
      });
    }
  }

  async #call(call: string, input: object): Promise<void> {
    const [service = '', action = ''] = call.split('.');
    const line = REST_PATHS[service]?.[action];
    if (line !== undefined) {
      const { method, path, body } = addressCall(
        parseOperation(action, line),
        input as Record<string, unknown>,
      );
      const headers = { 'content-type': 'application/json' };
      return this.#send(method, path, method === 'GET' ? '' : body, { service, headers });
    }
    const target = TARGETS[service];
    if (target === undefined)
      throw new Error(
        service in REST_PATHS
          ? `${service} has no ${action} here`
          : `${service} is none of ${Object.keys({ ...TARGETS, ...REST_PATHS }).join(', ')}`,
      );
    await this.#send('POST', '/', input, {
      service,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${target}.${action}`,
      },
    });
  }

  /** Writes an object; its bucket is created if it does not exist. */
  async #writeObject(uri: string, text: string): Promise<void> {
    const [bucket = '', ...key] = uri.slice('s3://'.length).split('/');
    await this.#send('PUT', `/${bucket}`, '', { service: 's3' });
    await this.#send('PUT', `/${bucket}/${key.join('/')}`, text, { service: 's3' });
  }

  /**
   * @param signed  the service to sign for; undefined for the admin side, which takes no signature
   * @throws        Error with status and text of an answer that is a refusal
   */
  async #send(
    method: RestOperation['method'],
    path: string,
    content: object | string,
    signed?: { readonly service: string; readonly headers?: Record<string, string> },
  ): Promise<void> {
    const { world, region, credentials } = this.#options;
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    const url = `${this.#options.url()}${path}`;
    const { service = '', headers: own = {} } = signed ?? {};
    const hash = service === 's3' ? { 'x-amz-content-sha256': sha256Hex(body) } : {};
    const request = { method, url, headers: { ...own, ...hash }, body };
    const headers =
      signed === undefined
        ? {}
        : signRequest(request, credentials, { region, service }, world.clock.nowMs());
    const answer = await world.http.send({
      ...request,
      headers,
      timeoutMs: ANSWER_MS,
      bodyMaxBytes: ANSWER_MAX_BYTES,
      signal: this.#stopped.signal,
    });
    if (answer.status >= 300) throw new Error(`${answer.status} ${answer.body.toString().trim()}`);
  }
}
