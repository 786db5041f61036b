/**
 * `amperage exporter --top`: the containers of the task as a table for a terminal, like top. Pure.
 */
import {
  computeCpuInUse,
  readMemoryLimitBytes,
  listOwnContainers,
  type TaskReading,
  shortenArn,
  computeWorkingSetBytes,
} from './reading.ts';

const HEADINGS = [
  'CONTAINER',
  'STATUS',
  'HEALTH',
  'CPU',
  'MEMORY',
  'LIMIT',
  'RX/s',
  'TX/s',
  'PIDS',
];
/** How many columns have words and are aligned left; figures are aligned right. */
const LEFT = 3;
const NAME_MAX = 40;

/** Renders a frame. Control characters in names are replaced, so that none reaches the terminal. */
export function formatTop(reading: TaskReading): string {
  const lines: string[] = [];
  if (!reading.isUp) lines.push('The task metadata endpoint cannot be read; what follows is old.');
  for (const task of reading.tasks ?? []) {
    const { Limits: limits } = task;
    const cpu = limits?.CPU === undefined ? '' : ` · ${limits.CPU} vCPU`;
    const memory = limits?.Memory === undefined ? '' : ` · ${limits.Memory} MiB`;
    lines.push(
      clean(
        `${task.Family ?? '?'}:${task.Revision ?? '?'} · ${shortenArn(task.TaskARN)} · ` +
          `${shortenArn(task.Cluster)} · ${task.KnownStatus ?? '?'}${cpu}${memory}`,
      ),
    );
    const rows = listOwnContainers(task, reading.stats).map(({ container, stats }) => [
      clean(container.Name).slice(0, NAME_MAX),
      clean(container.KnownStatus ?? '-'),
      clean(container.Health?.status ?? '-'),
      formatPercent(computeCpuInUse(stats)),
      formatByteCount(computeWorkingSetBytes(stats) ?? stats?.memory_stats?.usage),
      formatByteCount(readMemoryLimitBytes(container, task)),
      formatByteCount(stats?.network_rate_stats?.rx_bytes_per_sec),
      formatByteCount(stats?.network_rate_stats?.tx_bytes_per_sec),
      String(stats?.pids_stats?.current ?? '-'),
    ]);
    lines.push(...formatTable([HEADINGS, ...rows]), '');
  }
  return `${lines.join('\n')}\n`;
}

function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < LEFT ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is replaced
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** In percent of one vCPU, as top does. */
function formatPercent(vcpus: number | undefined): string {
  return vcpus === undefined ? '-' : `${(vcpus * 100).toFixed(1)} %`;
}

function formatByteCount(value: number | undefined): string {
  if (value === undefined) return '-';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.max(
    0,
    Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10)),
  );
  return `${(value / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
