/**
 * external_labels: labels that each series of a route gets. Prometheus adds those that a series
 * lacks (`add`); the Prometheus receiver of an OpenTelemetry collector overwrites the series' own
 * (`set`).
 * Source:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#configuration-file
 */
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';

/** The transform that adds or sets the labels. */
export function externalLabels(
  labels: Readonly<Record<string, string>>,
  mode: 'add' | 'set' = 'add',
): SeriesTransform {
  const names = Object.keys(labels).sort();
  return {
    identity: formatIdentity(
      `external_labels_${mode}`,
      Object.fromEntries(names.map((name) => [name, labels[name]])),
    ),
    change: ({ labels: own }) => {
      for (const name of names)
        if (mode === 'set' || !own.has(name)) own.set(name, labels[name] ?? '');
      return 'changed';
    },
  };
}
