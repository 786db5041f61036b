/**
 * A running otlp_write entry: appenders put metrics and spans into its queue, and delivery sends
 * them from there.
 * Limits: those of the queue; a request holds at most the items and bytes of the settings.
 */
import { Delivery } from '../../delivery/delivery.ts';
import type { DeliverySettings } from '../../delivery/settings.ts';
import { createHttpClient, type HttpClient } from '../../kernel/http-client.ts';
import type { OpenAppender } from '../../model/sample.ts';
import type { OpenTraces } from '../../model/trace-appender.ts';
import { MetricsAppender } from '../assembly/appender.ts';
import type { Sink, SinkParts } from '../sink.ts';
import { signalOf } from './chunk.ts';
import type { OtlpSettings } from './config.ts';
import { GrpcTransport } from './grpc.ts';
import { HttpTransport } from './http.ts';
import { EvenSharding } from './lanes.ts';
import { takeMetrics } from './metrics-in.ts';
import { newOtlpMetrics } from './metrics.ts';
import { OtlpProtocol } from './protocol.ts';
import { SpansAppender } from './traces-in.ts';
import type { Transport } from './transport.ts';
import { type LeftOut, OtlpWayIn } from './way-in.ts';

const WHY_LEFT_OUT: Readonly<Record<LeftOut, string>> = {
  segment_document: "a segment of X-Ray's JSON is no span; let an xray_write send it",
  unsampled: 'spans that were not sampled are not sent',
  malformed: 'it holds no spans that can be read',
};

export class OtlpSink implements Sink {
  readonly name: string;
  readonly openAppender: OpenAppender | undefined = undefined;
  readonly openTraces: OpenTraces | undefined = undefined;
  /** The client with the entry's own TLS and proxy; undefined when it has neither. */
  readonly #ownHttp: HttpClient | undefined;
  readonly #transport: Transport;
  readonly #delivery: Delivery<unknown>;
  readonly #wayIn: OtlpWayIn;

  constructor(
    settings: OtlpSettings,
    delivery: DeliverySettings,
    { id, queue, world: shared, userAgent, before }: SinkParts,
  ) {
    this.name = id;
    const { connection } = settings;
    const isHttp = settings.protocol === 'http';
    this.#ownHttp =
      isHttp && connection !== undefined ? createHttpClient({ connection }) : undefined;
    const log = shared.log.with({ sink: id });
    const world = { ...shared, log, http: this.#ownHttp ?? shared.http };
    const metrics = newOtlpMetrics(world.metrics, id);
    this.#transport = isHttp
      ? new HttpTransport({ settings, world, userAgent })
      : new GrpcTransport({ settings, world, userAgent }, () => metrics.connections.inc());
    const protocol = new OtlpProtocol({
      transport: this.#transport,
      metrics,
      log,
      clock: world.clock,
      limits: settings,
    });
    const { shardsMin, shardsMax } = delivery;
    this.#delivery = new Delivery({
      name: id,
      queue,
      protocol,
      settings: delivery,
      world: shared,
      sharding: new EvenSharding({ min: shardsMin, max: Math.min(shardsMax, queue.lanes) }),
    });
    const { load, losses } = this.#delivery;
    const onLeftOut = (reason: LeftOut): void => {
      losses.lost(1, reason, 'traces');
      log.warn('a document of traces is left out', { reason, why: WHY_LEFT_OUT[reason] });
    };
    const { maxItems, maxBytes } = settings;
    const wayIn = { queue, load, maxItems, maxBytes, onLeftOut };
    const earlier = before instanceof OtlpSink ? before : undefined;
    this.#wayIn = earlier === undefined ? new OtlpWayIn(wayIn) : earlier.#wayIn;
    this.#wayIn.goOn(wayIn);
    const [name = '', version = ''] = userAgent.split('/');
    const ways = this.#wayIn;
    const { metrics: hasMetrics, traces: hasTraces } = settings.endpoints;
    if (hasMetrics !== undefined)
      this.openAppender =
        earlier?.openAppender ??
        ((key) => new MetricsAppender(takeMetrics(ways, key, { name, version })));
    if (hasTraces !== undefined)
      this.openTraces = earlier?.openTraces ?? (() => new SpansAppender(ways));
  }

  start(): Promise<void> {
    return this.#delivery.start();
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#delivery.stop(deadlineMs);
    await this.#close();
  }

  async release(deadlineMs: number): Promise<void> {
    await this.#delivery.release(deadlineMs);
    await this.#close();
  }

  countDropped(items: number, reason: string, bytes: Uint8Array | undefined): void {
    const owner = bytes === undefined ? undefined : signalOf(bytes);
    this.#delivery.losses.lost(items, reason, owner ?? '');
  }

  async #close(): Promise<void> {
    await this.#transport.close();
    await this.#ownHttp?.close();
  }
}
