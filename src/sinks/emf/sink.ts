/**
 * A running emf_write entry: appenders put events into its queue, and delivery sends them from
 * there to CloudWatch Logs, or writes them to the standard output.
 * Limits: those of the queue, of a request (put-events.ts), and of what is known of series
 * (differences.ts).
 */
import { ServiceClient } from '../../aws/service-client.ts';
import { Delivery } from '../../delivery/delivery.ts';
import type { DeliverySettings } from '../../delivery/settings.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { OpenAppender } from '../../model/sample.ts';
import type { Sink, SinkParts } from '../sink.ts';
import type { EmfSettings } from './config.ts';
import { CostMeter, PRICES } from './cost.ts';
import type { MakeEvents } from './event.ts';
import { LogGroups } from './groups.ts';
import { createLogsCalls } from './logs-calls.ts';
import { type EmfMetrics, newEmfMetrics } from './metrics.ts';
import { EmfProtocol } from './protocol.ts';
import { type LineOutput, stdoutProtocol } from './stdout.ts';
import { EmfWayIn } from './way-in.ts';

/** What tests set in place of what the process has. */
export interface EmfEdges {
  readonly output?: LineOutput;
}

const TICK_MS = 1_000;
/** What costs more than a look is done at each tick of this number. */
const TICKS_A_SWEEP = 60;
const DAY_MS = 86_400_000;

export class EmfSink implements Sink {
  readonly name: string;
  readonly openAppender: OpenAppender;
  readonly #client: ServiceClient;
  readonly #wayIn: EmfWayIn;
  readonly #protocol: EmfProtocol;
  readonly #delivery: Delivery<unknown>;
  readonly #cost: CostMeter;
  readonly #parts: { readonly clock: Clock; readonly log: Logger; readonly metrics: EmfMetrics };
  readonly #estimatesCost: boolean;
  readonly #folder: string | undefined;
  readonly #stopping = new AbortController();
  #ticking: Promise<void> = Promise.resolve();

  constructor(
    settings: EmfSettings,
    delivery: DeliverySettings,
    makeEvents: (metrics: EmfMetrics, log: Logger) => MakeEvents,
    { id, queue, folder, world: shared, userAgent, before }: SinkParts,
    { output = process.stdout }: EmfEdges = {},
  ) {
    this.name = id;
    this.#folder = folder;
    const world = { ...shared, log: shared.log.with({ sink: id }) };
    const { clock, log } = world;
    const metrics = newEmfMetrics(world.metrics, id);
    this.#parts = { clock, log, metrics };
    const earlier = before instanceof EmfSink ? before : undefined;
    const { timeoutMs, access, groups: groupSettings, destination } = settings;
    const client = new ServiceClient(access, world);
    this.#client = client;
    const cost = earlier === undefined ? new CostMeter(clock.elapsedMs()) : earlier.#cost;
    this.#cost = cost;
    const isSent = destination === 'cloudwatch';
    this.#estimatesCost = settings.estimatesCost && isSent;
    const call = createLogsCalls({ client, clock, timeoutMs, userAgent });
    const onSending = (): void => this.#wayIn.noteQueued();
    this.#protocol = new EmfProtocol({
      call,
      groups: new LogGroups({ call, clock, log, metrics, ...groupSettings }),
      log,
      metrics,
      onSending,
      onIngested: (bytes) => cost.countBytes(bytes),
    });
    const protocol = isSent ? this.#protocol : stdoutProtocol(output, onSending);
    this.#delivery = new Delivery<unknown>({
      name: id,
      queue,
      protocol,
      settings: delivery,
      world: shared,
    });
    const wayIn = {
      queue,
      load: this.#delivery.load,
      clock,
      log,
      metrics,
      makeEvents: makeEvents(metrics, log),
      retainsInitialValue: settings.retainsInitialValue,
      onMetric: (key: string) => cost.countMetric(key),
    };
    this.#wayIn = earlier === undefined ? new EmfWayIn(wayIn) : earlier.#wayIn;
    this.#wayIn.goOn(wayIn);
    this.openAppender = this.#wayIn.open;
  }

  async start(): Promise<void> {
    await this.#wayIn.resume(this.#folder);
    await this.#delivery.start();
    this.#ticking = this.#tick();
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#endTicks();
    await this.#delivery.stop(deadlineMs);
    await this.#wayIn.close();
    this.#sayCost();
    await this.#client.close();
  }

  async release(deadlineMs: number): Promise<void> {
    await this.#endTicks();
    await this.#delivery.release(deadlineMs);
    await this.#client.close();
  }

  countDropped(items: number, reason: string, bytes: Uint8Array | undefined): void {
    const { losses } = this.#delivery;
    const owners = bytes === undefined ? undefined : this.#protocol.ownersIn(bytes);
    if (owners?.length !== items) losses.lost(items, reason, '');
    else for (const owner of owners) losses.lost(1, reason, owner);
  }

  async #tick(): Promise<void> {
    const { clock, metrics } = this.#parts;
    const { signal } = this.#stopping;
    for (let tick = 1; ; tick++) {
      try {
        await clock.sleep(TICK_MS, signal);
      } catch {
        return;
      }
      this.#wayIn.lookAfterJournal();
      if (tick % TICKS_A_SWEEP !== 0) continue;
      this.#wayIn.sweep();
      metrics.distinctMetrics.set(this.#cost.metrics);
      if (clock.elapsedMs() - this.#cost.sinceMs < DAY_MS) continue;
      this.#sayCost();
      this.#cost.reset(clock.elapsedMs());
    }
  }

  async #endTicks(): Promise<void> {
    this.#stopping.abort(new Error('the sink ends'));
    await this.#ticking;
  }

  #sayCost(): void {
    const { clock, log } = this.#parts;
    const estimate = this.#cost.estimate(clock.elapsedMs());
    if (!this.#estimatesCost || estimate === undefined) return;
    log.info('what CloudWatch may charge, as an estimate', {
      custom_metrics: estimate.metrics,
      ingested_bytes: estimate.bytes,
      hours: estimate.hours,
      metrics_usd_per_month: estimate.metricDollarsPerMonth,
      logs_usd_per_month: estimate.logDollarsPerMonth,
      prices: PRICES,
    });
  }
}
