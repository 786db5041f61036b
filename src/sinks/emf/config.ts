/** The settings of one emf_write entry as plain values; schema.ts makes them. */
import type { ServiceAccess } from '../../aws/service-client.ts';
import type { SearchRegex } from '../../relabel/search.ts';

export interface EmfSettings {
  readonly access: ServiceAccess;
  /** Of one request. */
  readonly timeoutMs: number;
  readonly destination: 'cloudwatch' | 'stdout';
  readonly groups: GroupSettings;
  readonly events: EventSettings;
  /** Whether the first value of a series counts as an increase from 0. */
  readonly retainsInitialValue: boolean;
  /** Whether the log says once a day what CloudWatch may charge for what was sent. */
  readonly estimatesCost: boolean;
}

/** How log groups are made that are not there yet. */
export interface GroupSettings {
  /** 0 keeps events for ever. */
  readonly retentionDays: number;
  /** At most 50. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What events are made by. */
export interface EventSettings {
  /** '' makes it of service.namespace and service.name of the resource. */
  readonly namespace: string;
  /** A text with placeholders such as `{ClusterName}`; '' is `/metrics/` and the namespace. */
  readonly logGroup: string;
  /** A text with placeholders. */
  readonly logStream: string;
  readonly version: '0' | '1';
  readonly rollup: DimensionRollup;
  /** Without any, each metric has all its labels as dimensions. */
  readonly declarations: readonly MetricDeclaration[];
  /** Units by the name of a metric. */
  readonly descriptors: ReadonlyMap<string, MetricDescriptor>;
  /** Labels whose values are JSON, which is written as such. */
  readonly jsonLabels: readonly string[];
  /** Whether attributes of the resource are labels too. */
  readonly copiesResource: boolean;
  /** Other names for labels, by the name that they have. */
  readonly renamedLabels: ReadonlyMap<string, string>;
  /** Other names and units for metrics, by the name that they have. */
  readonly renamedMetrics: ReadonlyMap<string, RenamedMetric>;
  /** Whether a summary is written as its sum, its count and its quantiles. */
  readonly isDetailed: boolean;
  /** Whether CloudWatch makes metrics of the events; else they are only in the log. */
  readonly extractsMetrics: boolean;
}

export const DIMENSION_ROLLUPS = [
  'NoDimensionRollup',
  'SingleDimensionRollupOnly',
  'ZeroAndSingleDimensionRollup',
] as const;
export type DimensionRollup = (typeof DIMENSION_ROLLUPS)[number];

/** Which sets of dimensions some metrics have. */
export interface MetricDeclaration {
  /**
   * Each sorted, without doubles; no two are equal. A set counts where all its labels are there.
   */
  readonly dimensions: readonly (readonly string[])[];
  /** Of the metric's name; one has to match. */
  readonly names: readonly SearchRegex[];
  /** One has to match, where there are any. */
  readonly matchers: readonly LabelMatcher[];
}

export interface LabelMatcher {
  readonly labels: readonly string[];
  readonly separator: string;
  /** Of the values of the labels, joined by the separator. */
  readonly pattern: SearchRegex;
}

export interface MetricDescriptor {
  readonly unit: string;
  /** Whether it stands for a unit that the metric has itself. */
  readonly overwrites: boolean;
}

export interface RenamedMetric {
  readonly name: string;
  readonly unit: string | undefined;
}
