/**
 * `amperage exporter --top`: the containers of the task as a table for a terminal, like top. Pure.
 */
import {
  cpuInUse,
  memoryLimitBytes,
  ownContainers,
  type TaskReading,
  shortArnName,
  workingSetBytes,
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
/** Columns of words; figures stand to the right. */
const LEFT = 3;
const NAME_MAX = 40;

/** A frame; control characters of names never reach the terminal. */
export function formatTop(reading: TaskReading): string {
  const lines: string[] = [];
  if (!reading.isUp) lines.push('The task metadata endpoint cannot be read; what follows is old.');
  for (const task of reading.tasks ?? []) {
    const { Limits: limits } = task;
    const cpu = limits?.CPU === undefined ? '' : ` · ${limits.CPU} vCPU`;
    const memory = limits?.Memory === undefined ? '' : ` · ${limits.Memory} MiB`;
    lines.push(
      clean(
        `${task.Family ?? '?'}:${task.Revision ?? '?'} · ${shortArnName(task.TaskARN)} · ` +
          `${shortArnName(task.Cluster)} · ${task.KnownStatus ?? '?'}${cpu}${memory}`,
      ),
    );
    const rows = ownContainers(task, reading.stats).map(({ container, stats }) => [
      clean(container.Name).slice(0, NAME_MAX),
      clean(container.KnownStatus ?? '-'),
      clean(container.Health?.status ?? '-'),
      percent(cpuInUse(stats)),
      bytes(workingSetBytes(stats) ?? stats?.memory_stats?.usage),
      bytes(memoryLimitBytes(container, task)),
      bytes(stats?.network_rate_stats?.rx_bytes_per_sec),
      bytes(stats?.network_rate_stats?.tx_bytes_per_sec),
      String(stats?.pids_stats?.current ?? '-'),
    ]);
    lines.push(...table([HEADINGS, ...rows]), '');
  }
  return `${lines.join('\n')}\n`;
}

function table(rows: readonly (readonly string[])[]): string[] {
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
  // oxlint-disable-next-line no-control-regex -- these are what must not pass
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** Of one vCPU, as top has it. */
function percent(vcpus: number | undefined): string {
  return vcpus === undefined ? '-' : `${(vcpus * 100).toFixed(1)} %`;
}

function bytes(value: number | undefined): string {
  if (value === undefined) return '-';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.max(
    0,
    Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10)),
  );
  return `${(value / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
