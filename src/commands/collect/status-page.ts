/**
 * The collector's web page: jobs, targets with their health and errors, dropped targets, and what
 * receivers have taken. Plain HTML without a script. Texts of targets, labels and the configuration
 * are escaped, and the page may load nothing.
 */
import type { Moment } from '../../kernel/clock.ts';
import type { HttpResponse, Route } from '../../kernel/http-server.ts';
import type { ReceiverStatus } from '../../kernel/receiver-status.ts';
import { formatDurationMs } from '../../model/duration.ts';
import { formatLabelSet, type LabelSet } from '../../model/labels.ts';
import type { TaskSourceStatus } from '../../exporter/task-source.ts';
import type { ScrapeManager } from '../../scrape/manager.ts';
import type { TargetStatus } from '../../scrape/pool.ts';
import type { SharingStatus } from '../../sharding/sharing.ts';
import type { TaskSources } from './task-sources.ts';
import { escapeHtml } from './html.ts';

const SHOWN_MAX = 1_000;
const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentcolor 20%, transparent); vertical-align: top; }
td { overflow-wrap: anywhere; }
.down { color: light-dark(#b00020, #ff8a80); font-weight: 600; }
`;

/** What the page shows. */
export interface Shown {
  readonly scrape: ScrapeManager;
  readonly tasks: TaskSources;
  readonly receivers: readonly ReceiverStatus[];
  /** How collectors divide the targets; undefined where this one has all. */
  readonly sharing?: SharingStatus | undefined;
}

/** @param elapsedMs  of the clock: how long ago something was does not depend on the time of day */
export function createStatusRoute(shown: Shown, elapsedMs: () => number): Route {
  return {
    method: 'GET',
    path: '/',
    handle: (): HttpResponse => ({
      status: 200,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy':
          "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
      },
      body: renderStatusPage(shown, elapsedMs()),
    }),
  };
}

function renderStatusPage({ scrape, tasks, receivers, sharing }: Shown, nowMs: number): string {
  const byJob = new Map<string, TargetStatus[]>();
  for (const status of scrape.targets()) {
    const list = byJob.get(status.job) ?? [];
    byJob.set(status.job, list);
    list.push(status);
  }
  const dropped = scrape.droppedTargets();
  const jobs = new Set([...byJob.keys(), ...dropped.keys()]);
  const sections = [...jobs].map((job) =>
    renderJob(job, byJob.get(job) ?? [], nowMs, dropped.get(job)),
  );
  if (tasks.endpoint !== undefined)
    sections.push(renderTasks(tasks.endpoint, tasks.statuses, nowMs));
  if (receivers.length > 0) sections.push(renderReceivers(receivers, nowMs));
  if (sharing !== undefined && sharing.members.length > 0) sections.unshift(renderMembers(sharing));
  const links = [
    ['/metrics', 'own metrics'],
    ['/api/v1/targets', 'targets'],
    ['/api/v1/status/receivers', 'receivers'],
    ['/api/v1/status/config', 'configuration'],
  ].map(([href, text]) => `<a href="${href}">${text}</a>`);
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" ' +
    'content="width=device-width"><title>Amperage ' +
    `collector</title><style>${STYLE}</style><h1>Amperage ` +
    `collector</h1><p>${links.join(' · ')}</p>${sections.join('')}</html>\n`
  );
}

function renderJob(
  job: string,
  targets: readonly TargetStatus[],
  nowMs: number,
  dropped: { readonly labels: readonly LabelSet[]; readonly count: number } | undefined,
): string {
  const up = targets.filter(({ health }) => health === 'up').length;
  // Targets that are down come first.
  const sorted = targets.toSorted(
    (a, b) => Number(a.health !== 'down') - Number(b.health !== 'down'),
  );
  const rows = sorted.slice(0, SHOWN_MAX).map((status) => renderTargetRow(status, nowMs));
  const more = sorted.length > SHOWN_MAX ? `<p>and ${sorted.length - SHOWN_MAX} more</p>` : '';
  const left =
    dropped === undefined || dropped.count === 0
      ? ''
      : `<details><summary>${dropped.count} dropped by relabelling</summary><ul>${dropped.labels
          .map((labels) => `<li><code>${escapeHtml(formatLabelSet(labels))}</code>`)
          .join('')}</ul></details>`;
  return (
    `<h2>${escapeHtml(job)} <small>${up} of ${targets.length} ` +
    'up</small></h2><table><tr><th>Target<th>Health<th>Labels<th>Last ' +
    `scrape<th>Took<th>Samples<th>Error</tr>${rows.join('')}</table>${more}${left}`
  );
}

/** The sources of task metrics; the table is that of targets. */
function renderTasks(url: string, statuses: readonly TaskSourceStatus[], nowMs: number): string {
  const rows = statuses.map((status) => {
    const cells = [
      escapeHtml(url),
      `<span class="${status.health}">${status.health}</span>`,
      escapeHtml(status.id),
      formatAgo(status.last, nowMs),
      `${Math.round(status.lastDurationMs)} ms`,
      String(status.lastSamples),
      escapeHtml(status.lastError),
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}`).join('')}</tr>`;
  });
  return (
    '<h2>task metrics</h2><table><tr><th>Endpoint<th>Health<th>Receiver<th>Last ' +
    `reading<th>Took<th>Samples<th>Error</tr>${rows.join('')}</table>`
  );
}

function renderReceivers(statuses: readonly ReceiverStatus[], nowMs: number): string {
  const rows = statuses.slice(0, SHOWN_MAX).map((status) => {
    const cells = [
      status.receiver,
      status.protocol,
      status.address,
      formatCounts(status.taken),
      formatCounts(status.refused),
      formatAgo(status.last, nowMs),
    ];
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}`).join('')}</tr>`;
  });
  const hidden = statuses.length - rows.length;
  return (
    '<h2>receivers</h2><table><tr><th>Receiver<th>What<th>Address<th>Taken<th>Refused<th>Last ' +
    `received</tr>${rows.join('')}</table>${hidden > 0 ? `<p>and ${hidden} more</p>` : ''}`
  );
}

function renderMembers({ members, isHolding }: SharingStatus): string {
  const rows = members.slice(0, SHOWN_MAX).map((member) => {
    const cells = [
      member.isOwn ? `${member.id} (this one)` : member.id,
      member.state,
      String(member.targets),
      member.folder ?? '',
    ];
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}`).join('')}</tr>`;
  });
  const held = isHolding
    ? '<p>What was scraped since a hand-over waits for what another scraped before it.</p>'
    : '';
  return (
    '<h2>collectors</h2><table><tr><th>Collector<th>State<th>Targets<th>Folder</tr>' +
    `${rows.join('')}</table>${held}`
  );
}

/** Such as `points: 12, spans: 3`; what has not come is left out. */
function formatCounts(counts: Readonly<Record<string, number>>): string {
  const come = Object.entries(counts).filter(([, count]) => count > 0);
  return come.length === 0 ? '0' : come.map(([unit, count]) => `${unit}: ${count}`).join(', ');
}

function formatAgo(at: Moment | undefined, nowMs: number): string {
  return at === undefined ? 'never' : `${formatDurationMs(nowMs - at.elapsedMs)} ago`;
}

function renderTargetRow({ target, ...status }: TargetStatus, nowMs: number): string {
  const cells = [
    escapeHtml(target.url),
    `<span class="${status.health}">${status.health}</span>`,
    `<code>${escapeHtml(formatLabelSet(target.labels))}</code>`,
    formatAgo(status.last, nowMs),
    `${Math.round(status.lastDurationMs)} ms`,
    String(status.lastSamples),
    escapeHtml(status.lastError),
  ];
  return `<tr>${cells.map((cell) => `<td>${cell}`).join('')}</tr>`;
}
