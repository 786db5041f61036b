/**
 * Relabelling with typical rules on the labels of a target and of a series, in ns per label set.
 */
import { bench, do_not_optimize, group } from 'mitata';
import { compileRelabelRule, relabel, type RelabelInput } from '../src/relabel/relabel.ts';

const TARGET: readonly (readonly [string, string])[] = [
  ['__address__', '10.0.3.17:9779'],
  ['__meta_ecs_cluster_name', 'production'],
  ['__meta_ecs_task_family', 'checkout-api'],
  ['__meta_ecs_container_name', 'app'],
  ['__metrics_path__', '/metrics'],
  ['__scheme__', 'http'],
  ['job', 'ecs'],
];
const SERIES: readonly (readonly [string, string])[] = [
  ['__name__', 'http_request_duration_seconds_bucket'],
  ['code', '200'],
  ['handler', '/api/v1/orders'],
  ['instance', '10.0.3.17:9779'],
  ['job', 'ecs'],
  ['le', '0.25'],
];

const CASES: readonly [string, readonly (readonly [string, string])[], RelabelInput[]][] = [
  [
    'target: map meta labels, set path and instance',
    TARGET,
    [
      { regex: '__meta_ecs_(.+)', action: 'labelmap' },
      { source_labels: ['cluster_name'], regex: 'production', action: 'keep' },
      { source_labels: ['__address__'], regex: '([^:]+)(?::\\d+)?', target_label: 'instance' },
    ],
  ],
  [
    'series: drop by name',
    SERIES,
    [{ source_labels: ['__name__'], regex: 'go_.*|process_.*', action: 'drop' }],
  ],
  [
    'series: one of a list of names',
    SERIES,
    [
      {
        source_labels: ['__name__'],
        regex: 'up|http_requests_total|http_request_duration_seconds_bucket',
        action: 'keep',
      },
    ],
  ],
  [
    'series: a pattern that RE2 alone understands',
    SERIES,
    [
      {
        source_labels: ['handler'],
        regex: '(?i)/API/(?P<version>v\\d+)/.*',
        target_label: 'version',
        replacement: '${version}',
      },
    ],
  ],
];

export function registerRelabel(): Promise<() => Promise<void>> {
  group('relabelling', () => {
    for (const [name, labels, inputs] of CASES) {
      const rules = inputs.map((input) => compileRelabelRule(input));
      bench(name, () => {
        const map = new Map(labels);
        do_not_optimize(relabel(map, rules));
      });
    }
  });
  return Promise.resolve(() => Promise.resolve());
}
