/**
 * The five panels of the web page, as in the source below, each with its PromQL expressions. Data
 * only, so that the demo evaluates the same expressions, and Grafana's dashboard shows them.
 * Source: article "Metrics and traces collection from Amazon ECS using ADOT", its Grafana panels.
 */

export type Unit = 'per second' | 'milliseconds' | 'percent' | 'bytes';

export interface PanelQuery {
  readonly query: string;
  /** The name of a series; `{container_name}` is replaced by the value of that label. */
  readonly legend: string;
}

export interface PanelDefinition {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly queries: readonly PanelQuery[];
}

/**
 * The window of rates. The source uses 5m; 1m shows values sooner after a start, and is smooth
 * enough for scrapes each 5 s.
 */
export const RATE_WINDOW = '1m';

/** Prometheus 3 and this collector store the bound 500 as "500.0", older ones as "500". */
const BUCKETS_MS = [500, 1_000, 2_500, 5_000] as const;

export const PANELS: readonly PanelDefinition[] = [
  {
    id: 'request-rate',
    title: 'HTTP request rate',
    unit: 'per second',
    queries: [{ query: `sum(rate(http_requests_total[${RATE_WINDOW}]))`, legend: 'requests' }],
  },
  {
    id: 'mean-latency',
    title: 'Mean response latency',
    unit: 'milliseconds',
    queries: [
      {
        query:
          `sum(rate(request_duration_milliseconds_sum[${RATE_WINDOW}])) / ` +
          `sum(rate(request_duration_milliseconds_count[${RATE_WINDOW}]))`,
        legend: 'mean',
      },
    ],
  },
  {
    id: 'latency-share',
    title: 'Requests served within',
    unit: 'percent',
    queries: BUCKETS_MS.map((bound) => ({
      query:
        '100 * sum(rate(request_duration_milliseconds_bucket' +
        `{le=~"${bound}(\\\\.0)?"}[${RATE_WINDOW}])) ` +
        `/ sum(rate(request_duration_milliseconds_count[${RATE_WINDOW}]))`,
      legend: `≤ ${bound} ms`,
    })),
  },
  {
    id: 'cpu',
    title: 'CPU per container',
    unit: 'percent',
    queries: [
      {
        query:
          '100 * sum by (container_name) ' +
          `(rate(ecs_container_cpu_usage_seconds_total[${RATE_WINDOW}]))`,
        legend: '{container_name}',
      },
    ],
  },
  {
    id: 'memory',
    title: 'Memory per container',
    unit: 'bytes',
    queries: [
      {
        query: 'sum by (container_name) (ecs_container_memory_usage_bytes)',
        legend: '{container_name}',
      },
    ],
  },
];
