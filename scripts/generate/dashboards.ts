/** Renders dashboards/: the dashboards of Grafana that the package brings. */
import { articlesDashboard } from './dashboards/articles.ts';
import { collectorDashboard } from './dashboards/collector.ts';
import { serviceDashboard } from './dashboards/service.ts';
import { tasksDashboard } from './dashboards/tasks.ts';
import { usageDashboard } from './dashboards/usage.ts';

const DASHBOARDS = {
  'amp-usage': usageDashboard,
  articles: articlesDashboard,
  collector: collectorDashboard,
  service: serviceDashboard,
  tasks: tasksDashboard,
};

export function renderDashboards(): Map<string, string> {
  return new Map(
    Object.entries(DASHBOARDS).map(([name, dashboard]) => [
      `dashboards/${name}.json`,
      `${JSON.stringify(dashboard, undefined, 2)}\n`,
    ]),
  );
}
