/**
 * The metrics that every Prometheus client library has about its process, under their common names.
 * What the system does not tell is left out: memory and descriptors where /proc is not mounted,
 * descriptors on other systems than Linux.
 * Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
 */
import { readdirSync } from 'node:fs';
import { type Family, type Gauge, type Registry } from './metrics.ts';

/** What is asked of the system; each may throw. */
export interface ProcessReadings {
  readonly residentBytes: () => number;
  readonly openFiles: () => number;
}

const READINGS: ProcessReadings = {
  residentBytes: () => process.memoryUsage.rss(),
  openFiles: () => readdirSync('/proc/self/fd').length,
};

export function registerProcessMetrics(metrics: Registry, readings = READINGS): void {
  const startSeconds = (performance.timeOrigin / 1_000).toFixed(3);
  metrics
    .gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.')
    .set(Number(startSeconds));
  const cpu = metrics.counter(
    'process_cpu_seconds_total',
    'Total user and system CPU time spent in seconds.',
  );
  const resident = metrics.gauges(
    'process_resident_memory_bytes',
    'Resident memory size in bytes.',
  );
  const files = metrics.gauges('process_open_fds', 'Number of open file descriptors.');
  metrics.onCollect(() => {
    const usage = process.cpuUsage();
    cpu.inc((usage.user + usage.system) / 1e6 - cpu.value);
    setOrLeaveOut(resident, readings.residentBytes);
    setOrLeaveOut(files, readings.openFiles);
  });
}

function setOrLeaveOut(gauge: Family<Gauge>, read: () => number): void {
  try {
    gauge.with({}).set(read());
  } catch {
    gauge.remove({});
  }
}
