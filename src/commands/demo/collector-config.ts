/**
 * The configuration that the demo's collector runs. What goes to CloudWatch is as in the article's
 * configuration for it, under the labels that the targets have.
 */
import { METRIC } from '../../page/cloudwatch/metric.ts';

export interface CollectorConfigParts {
  readonly discoverUrl: string;
  readonly writeUrl: string;
  readonly region: string;
}

export function renderCollectorConfig({
  discoverUrl,
  writeUrl,
  region,
}: CollectorConfigParts): string {
  return `# Written by the demo. The same keys as a Prometheus server's configuration.
global:
  scrape_interval: 5s
  scrape_timeout: 4s
scrape_configs:
  - job_name: ecs_services
    http_sd_configs:
      - url: ${discoverUrl}/prometheus-targets
        refresh_interval: 5s
remote_write:
  - url: ${writeUrl}
    sigv4:
      region: ${region}
    queue_config:
      batch_send_deadline: 1s
emf_write:
  - namespace: ${METRIC.namespace}
    region: ${region}
    log_group_name: /aws/ecs/containerinsights/{cluster}/prometheus
    metric_declarations:
      - dimensions: [[cluster, namespace, service, taskid]]
        metric_name_selectors: [^${METRIC.metric}$]
    queue_config:
      batch_send_deadline: 1s
`;
}
