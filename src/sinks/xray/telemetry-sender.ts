/**
 * Sends telemetry records to X-Ray each minute and at the stop, with what is known of the host. A
 * failure is said, summed up each minute, and never delays documents.
 */
import { openInstanceMetadata } from '../../aws/instance-metadata.ts';
import type { ServiceClient } from '../../aws/service-client.ts';
import { createTaskMetadataClient, metadataUri } from '../../aws/task-metadata.ts';
import type { Component } from '../../kernel/component.ts';
import { describeError } from '../../kernel/errors.ts';
import { createHttpClient, type HttpClient } from '../../kernel/http-client.ts';
import { Outage } from '../../kernel/outage.ts';
import type { World } from '../../kernel/world.ts';
import type { TelemetrySettings } from './config.ts';
import type { XrayMetrics } from './metrics.ts';
import { runMinutes, type TelemetryFigures } from './telemetry.ts';

const PATH = '/TelemetryRecords';
const TIMEOUT_MS = 10_000;
const ANSWER_MAX_BYTES = 64 * 1024;
/** How often metadata that does not answer is asked, once a record. On Fargate there is none. */
const HOST_TRIES_MAX = 5;
/** For ECS and the instance together. */
const METADATA_TIMEOUT_MS = 3_000;

export interface TelemetrySenderOptions {
  readonly telemetry: TelemetryFigures;
  readonly settings: TelemetrySettings;
  readonly client: ServiceClient;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly metrics: XrayMetrics;
  readonly userAgent: string;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What X-Ray takes of a host; longer values are left out. */
interface Host {
  readonly EC2InstanceId?: string | undefined;
  readonly Hostname?: string | undefined;
  readonly ResourceARN?: string | undefined;
}

export class TelemetrySender implements Component {
  readonly name = 'telemetry of X-Ray';
  readonly #options: TelemetrySenderOptions;
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #host: Host | undefined;
  #hostTries = 0;
  readonly #outage: Outage;

  constructor(options: TelemetrySenderOptions) {
    this.#options = options;
    this.#outage = new Outage(() => options.world.clock.elapsedMs());
  }

  start(): Promise<void> {
    const { world } = this.#options;
    this.#running = runMinutes(world.clock, () => this.#sendMinute(), this.#ending.signal);
    return Promise.resolve();
  }

  /** Ends without a last record: another sender goes on with the same figures. */
  async release(): Promise<void> {
    this.#ending.abort(new Error('telemetry is handed on'));
    await this.#running;
    this.#running = undefined;
  }

  /** Sends a last record within the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#running === undefined) return;
    await this.release();
    if (deadlineMs >= 1) await this.#sendMinute(AbortSignal.timeout(Math.floor(deadlineMs)));
  }

  async #sendMinute(signal: AbortSignal = this.#ending.signal): Promise<void> {
    const { telemetry, world, metrics } = this.#options;
    metrics.telemetryDropped.inc(telemetry.close(world.clock.nowMs()));
    try {
      for (let next = telemetry.next(); next.length > 0; next = telemetry.next()) {
        await this.#send(next, signal);
        telemetry.taken(next);
        metrics.telemetrySent.inc(next.length);
      }
      const sum = this.#outage.worked();
      if (sum !== undefined)
        world.log.info('telemetry records are taken again', { failures: sum.failures });
    } catch (error) {
      if (signal.aborted) return;
      metrics.telemetryFailed.inc();
      const sum = this.#outage.failed();
      if (sum !== undefined)
        world.log.warn('telemetry records are not taken; they are kept', {
          error: describeError(error),
          failures: sum.failures,
        });
    }
  }

  async #send(records: ReturnType<TelemetryFigures['next']>, signal: AbortSignal): Promise<void> {
    const { client, telemetry, userAgent } = this.#options;
    const host = await this.#readHost();
    let status;
    try {
      const response = await client.send({
        method: 'POST',
        path: PATH,
        headers: { 'content-type': 'application/json', 'user-agent': userAgent },
        body: JSON.stringify({ TelemetryRecords: records, ...host }),
        timeoutMs: TIMEOUT_MS,
        bodyMaxBytes: ANSWER_MAX_BYTES,
        signal,
      });
      ({ status } = response);
    } catch (error) {
      if (!signal.aborted) telemetry.countFailure(error);
      throw error;
    }
    if (status < 300) return;
    telemetry.countFailure(status);
    const remedy = status === 403 ? '; the role needs xray:PutTelemetryRecords' : '';
    throw new Error(`X-Ray answered ${status} for telemetry records${remedy}`);
  }

  /** The host, asked for again with later records where metadata has not answered yet. */
  async #readHost(): Promise<Host> {
    if (this.#host !== undefined) return this.#host;
    this.#hostTries += 1;
    const { host, isWhole } = await this.#findHost();
    if (isWhole || this.#hostTries >= HOST_TRIES_MAX) this.#host = host;
    return host;
  }

  /** Asks for what is not set; where nothing answers, it is left out. */
  async #findHost(): Promise<{ readonly host: Host; readonly isWhole: boolean }> {
    const { settings, env = process.env } = this.#options;
    let { hostname, instanceId, resourceArn } = settings;
    const isComplete = hostname !== undefined && instanceId !== undefined;
    let isWhole = true;
    if (settings.asksMetadata && !(isComplete && resourceArn !== undefined)) {
      const http = createHttpClient();
      try {
        const signal = AbortSignal.timeout(METADATA_TIMEOUT_MS);
        resourceArn ??= await readTaskArn(http, env, signal);
        const isInTask = env['ECS_CONTAINER_METADATA_URI_V4'] !== undefined;
        isWhole = resourceArn !== undefined || !isInTask;
        if (!isComplete) {
          const read = await openInstanceMetadata(http, env, signal);
          hostname ??= await read('meta-data/hostname', signal);
          instanceId ??= await read('meta-data/instance-id', signal);
        }
      } catch {
        // There is no instance metadata here, or it does not answer yet.
        isWhole = false;
      } finally {
        await http.close();
      }
    }
    const host = {
      EC2InstanceId: limit(instanceId, 20),
      Hostname: limit(hostname, 255),
      ResourceARN: limit(resourceArn, 500),
    };
    return { host, isWhole };
  }
}

async function readTaskArn(
  http: HttpClient,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (env['ECS_CONTAINER_METADATA_URI_V4'] === undefined) return undefined;
  try {
    const [task] = await createTaskMetadataClient(metadataUri(env), http).tasks(signal);
    return task?.TaskARN;
  } catch {
    return undefined;
  }
}

function limit(text: string | undefined, max: number): string | undefined {
  return text === undefined || text === '' || text.length > max ? undefined : text;
}
