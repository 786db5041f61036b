/**
 * What a receiver of StatsD runs by: plain values, resolved from either dialect.
 */
import type { SearchRegex } from '../relabel/search.ts';

/** `unix` is a stream socket of the file system: Node has no datagram sockets there. */
export type StatsdTransport = 'udp' | 'tcp' | 'unix';

/** How counts are kept: `int` cuts fractions off, `stochastic_int` rounds them by chance. */
export type CounterType = 'int' | 'float' | 'stochastic_int';

/** The types of StatsD whose values are observations. */
export type ObservedType = 'timing' | 'histogram' | 'distribution';

/** What observations become. */
export type Observer =
  /** Each of them a point of its own. */
  | { readonly is: 'gauge' }
  | { readonly is: 'summary'; readonly percentiles: readonly number[] }
  | {
      readonly is: 'histogram';
      /** Most exponential buckets on either side of zero. */
      readonly bucketsMax: number;
      /** Explicit buckets for names; the first whose pattern is found in the name. */
      readonly explicit: readonly ExplicitBuckets[];
    };

export interface ExplicitBuckets {
  readonly pattern: SearchRegex;
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
}

export interface StatsdReceiverSettings {
  /** Names the receiver in logs and metrics. */
  readonly id: string;
  readonly transport: StatsdTransport;
  /** `host:port`, or the path of a socket. */
  readonly listen: string;
  /** The key that gives the address, for errors. */
  readonly listenFlag: string;
  /** Of the socket's file. */
  readonly permissions: number;
  /** What is asked of the system as receive buffer of UDP; 0: its default. */
  readonly socketBufferBytes: number;
  readonly intervalMs: number;
  /** Whether a label `metric_type` tells the type of StatsD. */
  readonly hasMetricType: boolean;
  /** Whether a tag may have no value; its label is then `true`. */
  readonly takesSimpleTags: boolean;
  /** Whether counters only rise; what is negative is then refused. */
  readonly isMonotonic: boolean;
  readonly counterType: CounterType;
  /** A type without an observer is dropped, and counted. */
  readonly observers: Readonly<Partial<Record<ObservedType, Observer>>>;
  /**
   * Whether counts are totals since their series began, told again at each interval while it is
   * kept; else each is what was counted in its interval, and told only where there was something.
   */
  readonly isCumulative: boolean;
  /** Whether names are made names of Prometheus, with underscores. */
  readonly escapesNames: boolean;
  /** Most series at a time; lines of further ones are dropped, and counted. */
  readonly seriesMax: number;
  /** How long a series is remembered after its last line. */
  readonly expireMs: number;
}
