/** Makes a dashboard of sections of panels; its uid is of its name, and so stays. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataSource } from './panels.ts';
import { sourceVariable, type Variable } from './variables.ts';

const TAG = 'amperage';

export interface Section {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

export interface DashboardParts {
  /** Of its file, and the end of its uid. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly source: DataSource;
  readonly variables?: readonly Variable[];
  readonly sections: readonly Section[];
  /** How far it looks back at first. */
  readonly from?: string;
}

export function assembleDashboard(parts: DashboardParts): Dashboard {
  const { name, title, description, source, variables = [], sections, from = 'now-1h' } = parts;
  const others = new DashboardLinkBuilder('Amperage')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .keepTime(true);
  const builder = new DashboardBuilder(title)
    .uid(`${TAG}-${name}`)
    .description(description)
    .tags([TAG])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from, to: 'now' })
    .refresh('1m')
    .link(others)
    .variables([sourceVariable(source), ...variables]);
  for (const { title: heading, panels } of sections) {
    builder.withRow(new RowBuilder(heading));
    for (const panel of panels) builder.withPanel(panel);
  }
  const dashboard = builder.build();
  // Grafana tells panels apart by their ids, and links to one hold its id.
  for (const [index, panel] of (dashboard.panels ?? []).entries()) panel.id = index + 1;
  return dashboard;
}
