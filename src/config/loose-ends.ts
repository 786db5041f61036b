/**
 * What a plan collects and sends nowhere, and what it would send and does not get: sentences for
 * `check config` and for the start. Pure.
 */
import type { CollectorPlan } from './plan.ts';

/** @param takesPushes  whether metrics come by remote write, which a flag says */
export function listLooseEnds(plan: CollectorPlan, takesPushes = false): readonly string[] {
  const { sinks, sources, taskSources, traceReceivers, otlpReceivers, statsdReceivers } = plan;
  const takes = (signal: 'metrics' | 'traces') =>
    sinks.filter(({ signals }) => signals.includes(signal));
  const ends: string[] = [];
  const hasMetrics = sources.length + taskSources.length + statsdReceivers.length > 0;
  const hasOthers = traceReceivers.length + otlpReceivers.length > 0;
  if ((hasMetrics || !hasOthers) && takes('metrics').length === 0)
    ends.push('no remote_write and no other sink of metrics: what is scraped goes nowhere');
  if (!hasMetrics && !hasOthers && !takesPushes && takes('metrics').length > 0)
    ends.push(
      'no job and no receiver: nothing is collected; write scrape_configs or otlp_receivers, or ' +
        'take remote write by --web.enable-remote-write-receiver',
    );
  for (const { id, discovery } of sources)
    if (discovery.entries.length === 0)
      ends.push(`job "${id}" has no targets; write static_configs, or another way to find them`);
  for (const { id, signals } of otlpReceivers)
    if (signals.length === 0)
      ends.push(`"${id}": no sink takes what it receives by OTLP, and all of it is refused`);
  if (traceReceivers.length > 0 && takes('traces').length === 0)
    ends.push('no xray_write and no other sink of traces: segments that are received go nowhere');
  const idle = takes('traces').filter(({ signals }) => !signals.includes('metrics'));
  if (idle.length > 0 && traceReceivers.length + otlpReceivers.length === 0)
    ends.push(
      `${idle.map(({ id }) => id).join(', ')}: nothing receives segments for it; write ` +
        'xray_receivers or otlp_receivers',
    );
  return ends;
}
