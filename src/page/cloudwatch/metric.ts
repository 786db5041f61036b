/**
 * The metric of CloudWatch that the page shows, and the expression that adds up the same in PromQL.
 * Data only, so that the demo sends and compares the same.
 * Source: article "Metrics and traces collection from Amazon ECS using ADOT", its configuration for
 * CloudWatch.
 */

export const METRIC = {
  namespace: 'ECS/ContainerInsights',
  metric: 'http_requests_total',
} as const;

/** How much the counter has increased in a span, over all of its series. */
export function formatIncrease(spanS: number): string {
  return `sum(increase(${METRIC.metric}[${spanS}s]))`;
}
