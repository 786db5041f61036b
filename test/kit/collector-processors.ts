/**
 * Processors of a collector configuration, between a prometheus receiver and a remote write
 * exporter: what is found in them, and what a series becomes on its way.
 */
import { checkConfigText } from '../../src/config/load.ts';
import { transformsBetween } from '../../src/config/plan.ts';
import type { Transform } from '../../src/model/transform.ts';
import { formatFinding } from '../../src/settings/finding.ts';
import { makeSeries, openRoute, type SeriesParts } from './transforming.ts';

export interface CheckedProcessors {
  /** `c.yml:line:column: message [CODE]`; the processors begin at line 2. */
  readonly lines: readonly string[];
  /** The transforms from the receiver to the sink; undefined when there is no plan. */
  readonly transforms: readonly Transform[] | undefined;
  /** What is sent for a series whose sample is 1 at 1000. */
  readonly route:
    | ((labels: Readonly<Record<string, string>>, parts?: SeriesParts) => string[])
    | undefined;
}

/**
 * Checks processors.
 *
 * @param processors  the section's lines, indented
 * @param used        the names that the pipeline has, with commas between them
 */
export async function checkProcessors(
  processors: string,
  used: string,
): Promise<CheckedProcessors> {
  const text = `processors:
${processors.replace(/^\n/, '')}
receivers:
  prometheus:
    config: { scrape_configs: [{ job_name: j, static_configs: [{ targets: ['a:1'] }] }] }
exporters:
  prometheusremotewrite: { endpoint: 'http://one/w', target_info: { enabled: false } }
service:
  pipelines:
    metrics:
      { receivers: [prometheus], processors: [${used}], exporters: [prometheusremotewrite] }
`;
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  const lines = findings.map((one) => formatFinding(one).replace('/nowhere/', ''));
  const [route] = plan?.routes ?? [];
  const [sink] = plan?.sinks ?? [];
  if (plan === undefined || route === undefined || sink === undefined)
    return { lines, transforms: undefined, route: undefined };
  const transforms = transformsBetween(plan, route, sink);
  return {
    lines,
    transforms,
    route: (labels, parts) => {
      const { appender, sent, refs } = openRoute(...transforms);
      const [ref = -1] = refs(makeSeries(labels, parts));
      appender.append(ref, 1_000, 1);
      appender.commit();
      return sent();
    },
  };
}
