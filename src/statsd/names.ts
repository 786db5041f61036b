/**
 * Names of StatsD as names of Prometheus: each character that may not be there is an underscore,
 * as in Prometheus' own statsd_exporter. Pure.
 * Source: https://github.com/prometheus/statsd_exporter, pkg/mapper/escape.go
 */

export function escapeName(name: string, of: 'metric' | 'label' = 'metric'): string {
  const escaped = name.replaceAll(of === 'metric' ? /[^a-zA-Z0-9:_]/g : /[^a-zA-Z0-9_]/g, '_');
  return /^\d/.test(escaped) ? `_${escaped}` : escaped;
}
