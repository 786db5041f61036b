/**
 * The metrics that every Prometheus client library has about its process, under their common names.
 * Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
 */
import { readdirSync } from 'node:fs';
import { type Registry } from './metrics.ts';

export function registerProcessMetrics(metrics: Registry): void {
  const startSeconds = (performance.timeOrigin / 1_000).toFixed(3);
  metrics
    .gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.')
    .set(Number(startSeconds));
  const cpu = metrics.counter(
    'process_cpu_seconds_total',
    'Total user and system CPU time spent in seconds.',
  );
  const resident = metrics.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.');
  const files = metrics.gauge('process_open_fds', 'Number of open file descriptors.');
  metrics.onCollect(() => {
    const usage = process.cpuUsage();
    cpu.inc((usage.user + usage.system) / 1e6 - cpu.value);
    resident.set(process.memoryUsage.rss());
    try {
      files.set(readdirSync('/proc/self/fd').length);
    } catch {
      // Other systems than Linux have no cheap count; the gauge stays 0 there.
    }
  });
}
