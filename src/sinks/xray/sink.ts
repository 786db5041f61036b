/**
 * A running xray_write entry: appenders put segment documents into its queue, delivery sends them
 * from there, and telemetry records are sent without the queue.
 * Limits: those of the queue; a request holds at most `maxItemsPerSend` and `maxBytesPerSend`.
 */
import { ServiceClient } from '../../aws/service-client.ts';
import { Delivery } from '../../delivery/delivery.ts';
import type { DeliverySettings } from '../../delivery/settings.ts';
import type { OpenTraces } from '../../model/trace-appender.ts';
import type { Sink, SinkParts } from '../sink.ts';
import type { XraySettings } from './config.ts';
import { newXrayMetrics } from './metrics.ts';
import { XrayProtocol } from './protocol.ts';
import { placeSpans } from './spans.ts';
import { TelemetryFigures } from './telemetry.ts';
import { TelemetrySender } from './telemetry-sender.ts';
import { WayIn } from './way-in.ts';

export class XraySink implements Sink {
  readonly name: string;
  readonly openTraces: OpenTraces;
  readonly #client: ServiceClient;
  readonly #wayIn: WayIn;
  readonly #protocol: XrayProtocol;
  readonly #delivery: Delivery<unknown>;
  readonly #telemetry: TelemetryFigures;
  readonly #sender: TelemetrySender | undefined;

  constructor(
    { access, timeoutMs, logGroups, spans, telemetry: settings }: XraySettings,
    delivery: DeliverySettings,
    { id, queue, world: shared, userAgent, before }: SinkParts,
  ) {
    this.name = id;
    const world = { ...shared, log: shared.log.with({ sink: id }) };
    const { clock, log } = world;
    const client = new ServiceClient(access, world);
    const metrics = newXrayMetrics(world.metrics, id);
    const earlier = before instanceof XraySink ? before : undefined;
    const telemetry = earlier === undefined ? new TelemetryFigures() : earlier.#telemetry;
    this.#client = client;
    this.#telemetry = telemetry;
    const onPartLost = (reason: string, owner: string, text: string, parts: number): void => {
      telemetry.countRejected(parts);
      this.#delivery.losses.refused([{ reason, owner, items: parts }], text);
    };
    this.#protocol = new XrayProtocol({
      client,
      clock,
      timeoutMs,
      userAgent,
      telemetry,
      logGroups,
      spanForm: spans.form,
      log,
      metrics,
      onPartLost,
    });
    this.#delivery = new Delivery({
      name: id,
      queue,
      protocol: this.#protocol,
      settings: delivery,
      world: shared,
      onLoss: ({ items }, cause) => {
        if (cause !== 'refused') telemetry.countSpilled(items);
      },
    });
    const { load, losses } = this.#delivery;
    const wayIn = {
      queue,
      load,
      onReceived: (documents: number) => telemetry.countReceived(documents),
      onRejected: (documents: number) => telemetry.countRejected(documents),
      onLeftOut: () => losses.lost(1, 'too_large', ''),
      onInvalidUtf8: () => metrics.invalidUtf8.inc(),
      placeSpans: placeSpans(spans, logGroups),
      onInvalidSpans: (count: number) => {
        losses.lost(count, 'invalid_span_id', '');
        log.warn('spans whose ids are not valid are dropped', { spans: count });
      },
    };
    this.#wayIn = earlier === undefined ? new WayIn(wayIn) : earlier.#wayIn;
    this.#wayIn.goOn(wayIn);
    this.openTraces = this.#wayIn.open;
    if (settings.isSent)
      this.#sender = new TelemetrySender({
        telemetry,
        settings,
        client,
        world,
        metrics,
        userAgent,
      });
  }

  async start(): Promise<void> {
    await this.#delivery.start();
    await this.#sender?.start();
  }

  async stop(deadlineMs: number): Promise<void> {
    const startMs = performance.now();
    await this.#delivery.stop(deadlineMs);
    await this.#sender?.stop(deadlineMs - (performance.now() - startMs));
    await this.#client.close();
  }

  async release(deadlineMs: number): Promise<void> {
    await this.#sender?.release();
    await this.#delivery.release(deadlineMs);
    await this.#client.close();
  }

  countDropped(items: number, reason: string, bytes: Uint8Array | undefined): void {
    const { losses } = this.#delivery;
    const owners = bytes === undefined ? undefined : this.#protocol.ownersIn(bytes);
    if (owners?.length !== items) losses.lost(items, reason, '');
    else for (const owner of owners) losses.lost(1, reason, owner);
  }
}
