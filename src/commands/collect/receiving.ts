/**
 * The listeners of a collector: those that receive what others send to it, and those that sign
 * requests for their senders, and how they follow a plan. Listeners with the same settings stay. Of
 * two that cannot listen at one time the old one closes first: nothing listens there for a moment,
 * by TCP for as long as requests under way take.
 */
import { collide, type Listener } from '../../config/listeners.ts';
import type { CollectorPlan, OtlpReceiverPlan } from '../../config/plan.ts';
import type { Component } from '../../kernel/component.ts';
import { describeError } from '../../kernel/errors.ts';
import type { ReceiverStatus } from '../../kernel/receiver-status.ts';
import type { World } from '../../kernel/world.ts';
import type { OpenRoutedAppender } from '../../model/sample.ts';
import type { TraceAppender } from '../../model/trace-appender.ts';
import { MetricsIntake } from '../../otlp/metrics/intake.ts';
import { METRICS_INTAKE_DEFAULTS } from '../../otlp/metrics/settings.ts';
import { OtlpReceiver } from '../../otlp/receiver.ts';
import { TracesIntake } from '../../otlp/traces/intake.ts';
import { StatsdReceiver } from '../../statsd/receiver.ts';
import { Forwarder } from '../../xray/forwarder.ts';
import { TraceReceiver } from '../../xray/receiver.ts';

export interface ReceivingOptions {
  readonly world: World;
  /** The way of a receiver's segment documents. */
  readonly openTraces: (receiver: string) => TraceAppender;
  readonly openAppender: OpenRoutedAppender;
}

type Listeners = Pick<
  CollectorPlan,
  'traceReceivers' | 'otlpReceivers' | 'statsdReceivers' | 'forwarders'
>;

/** How one listens, and what listens; made anew where it has to listen again. */
interface Wanted extends Pick<Listener, 'listen' | 'protocol'> {
  /** Where it listens beside that. */
  readonly more?: readonly Pick<Listener, 'listen' | 'protocol'>[];
  readonly make: () => Listening;
}

/** What listens; receivers tell how they fare. */
interface Listening extends Component {
  readonly statuses?: readonly ReceiverStatus[];
}

interface Running extends Wanted {
  readonly component: Listening;
}

/** How long requests under way may take when a listener is gone. */
const END_MS = 1_000;

export class Receiving {
  readonly #options: ReceivingOptions;
  /** By the identity of their settings. */
  readonly #running = new Map<string, Running>();

  constructor(options: ReceivingOptions) {
    this.#options = options;
  }

  /** Of the receivers that listen, in the order in which they were opened. */
  get statuses(): readonly ReceiverStatus[] {
    return [...this.#running.values()].flatMap(({ component }) => component.statuses ?? []);
  }

  /**
   * Opens what is new. What is not in the plan runs on until `retain`, unless a new one needs its
   * address.
   *
   * @throws  where an address can't be listened on; everything then listens as before
   */
  async apply(plan: Listeners): Promise<void> {
    const wanted = this.#list(plan);
    const added = [...wanted].filter(([key]) => !this.#running.has(key));
    const gone = [...this.#running].filter(([key]) => !wanted.has(key));
    const inTheWay = (one: Wanted) => gone.filter(([, other]) => overlap(one, other));
    const done: (() => Promise<void>)[] = [];
    // Those that replace others come last: where a free address fails, none has closed.
    const [free, replacing] = [
      added.filter(([, one]) => inTheWay(one).length === 0),
      added.filter(([, one]) => inTheWay(one).length > 0),
    ];
    try {
      for (const [key, one] of [...free, ...replacing]) {
        for (const [other, before] of inTheWay(one)) {
          if (!this.#running.has(other)) continue;
          await this.#close([other]);
          done.push(() => this.#open(other, before));
        }
        await this.#open(key, one);
        done.push(() => this.#close([key]));
      }
    } catch (error) {
      for (const undo of done.toReversed()) await this.#tryTo(undo);
      throw error;
    }
  }

  /** Closes what is not in the plan. */
  async retain(plan: Listeners): Promise<void> {
    const wanted = this.#list(plan);
    await this.#close([...this.#running.keys()].filter((key) => !wanted.has(key)));
  }

  async stop(deadlineMs: number): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map(({ component }) => component.stop(deadlineMs)));
  }

  async #open(key: string, one: Wanted): Promise<void> {
    const component = one.make();
    try {
      await component.start();
    } catch (error) {
      await component.stop(0);
      throw error;
    }
    this.#running.set(key, { ...one, component });
  }

  async #close(keys: readonly string[]): Promise<void> {
    const all = keys.flatMap((key) => this.#running.get(key) ?? []);
    for (const key of keys) this.#running.delete(key);
    await Promise.all(all.map(({ component }) => component.stop(END_MS)));
  }

  /** What can't be opened again is tried once more by the next reload. */
  async #tryTo(undo: () => Promise<void>): Promise<void> {
    try {
      await undo();
    } catch (error) {
      const { log } = this.#options.world;
      log.error('an address is not listened on any more', { error: describeError(error) });
    }
  }

  #list(plan: Listeners): ReadonlyMap<string, Wanted> {
    const { traceReceivers, otlpReceivers, statsdReceivers, forwarders } = plan;
    const { world, openTraces, openAppender } = this.#options;
    const all = new Map<string, Wanted>();
    for (const one of traceReceivers)
      all.set(`receiver ${JSON.stringify(one)}`, {
        listen: one.listen,
        protocol: 'udp',
        make: () => new TraceReceiver(one, { world, appender: openTraces(one.id) }),
      });
    for (const one of otlpReceivers) {
      const [first, ...more] = listAddresses(one);
      if (first !== undefined)
        all.set(`otlp ${JSON.stringify(one)}`, {
          ...first,
          more,
          make: () => this.#makeOtlpReceiver(one),
        });
    }
    for (const one of statsdReceivers)
      all.set(`statsd ${JSON.stringify(one)}`, {
        listen: one.listen,
        protocol: one.transport,
        make: () =>
          new StatsdReceiver(one, { world, openAppender: () => openAppender(one.id, 'statsd') }),
      });
    for (const one of forwarders)
      all.set(`forwarder ${JSON.stringify(one)}`, {
        listen: one.listen,
        protocol: 'tcp',
        make: () => new Forwarder(one, world),
      });
    return all;
  }
  #makeOtlpReceiver(settings: OtlpReceiverPlan): OtlpReceiver {
    const { world, openTraces, openAppender } = this.#options;
    const { id, signals } = settings;
    const traces = signals.includes('traces')
      ? new TracesIntake({ id, appender: openTraces(id), world })
      : undefined;
    const metrics = signals.includes('metrics')
      ? new MetricsIntake({
          id,
          openAppender,
          world,
          settings: settings.metrics ?? METRICS_INTAKE_DEFAULTS,
        })
      : undefined;
    const intakes = { ...(traces && { traces }), ...(metrics && { metrics }) };
    return new OtlpReceiver(settings, { world, intakes, onStopped: () => metrics?.close() });
  }
}

function listAddresses({ http, grpc }: OtlpReceiverPlan) {
  return [http, grpc].flatMap((one) =>
    one === undefined ? [] : [{ listen: one.listen, protocol: 'tcp' as const }],
  );
}

/** Whether two cannot listen at one time. */
function overlap(one: Wanted, other: Wanted): boolean {
  return [one, ...(one.more ?? [])].some((mine) =>
    [other, ...(other.more ?? [])].some((theirs) => collide(mine, theirs)),
  );
}
