/**
 * The configuration that the demo's collector runs. What goes to CloudWatch is as in the article's
 * configuration for it, under the labels that the targets have. What the application sends by OTLP
 * is the same that is scraped: its metrics are stored under names of their own, so that nothing is
 * counted twice, and its spans have the ids of the segments that go by the X-Ray daemon.
 */
import { METRIC } from '../../page/cloudwatch/metric.ts';

export interface CollectorConfigParts {
  readonly discoverUrl: string;
  readonly writeUrl: string;
  readonly region: string;
  /** `host:port` where OTLP is received. */
  readonly otlpListen: string;
}

/** The name of the application as it sends OTLP, which becomes the label `job`. */
export const OTLP_SERVICE = 'sample-app';

/** Before the names of metrics that came by OTLP. */
export const OTLP_PREFIX = 'otlp_';

export function renderCollectorConfig({
  discoverUrl,
  writeUrl,
  region,
  otlpListen,
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
otlp_receivers:
  - http:
      listen: ${otlpListen}
remote_write:
  - url: ${writeUrl}
    sigv4:
      region: ${region}
    write_relabel_configs:
      - source_labels: [job, __name__]
        regex: ${OTLP_SERVICE};(.*)
        target_label: __name__
        replacement: ${OTLP_PREFIX}$1
    queue_config:
      batch_send_deadline: 1s
emf_write:
  - namespace: ${METRIC.namespace}
    region: ${region}
    log_group_name: /aws/ecs/containerinsights/{cluster}/prometheus
    metric_declarations:
      - dimensions: [[cluster, namespace, service, taskid]]
        metric_name_selectors: [^${METRIC.metric}$]
        label_matchers:
          - label_names: [job]
            regex: ^ecs_services$
    queue_config:
      batch_send_deadline: 1s
xray_write:
  - region: ${region}
`;
}
