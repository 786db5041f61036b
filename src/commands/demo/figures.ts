/**
 * The figures that the demo prints at its end: how much was served, scraped, sent, stored and
 * queried. Each is read from the stage that did it. A stage without data is a failure.
 */
import type { World } from '../../kernel/world.ts';
import { readSums } from './sums.ts';

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

interface Sources {
  readonly sampleApp: string;
  readonly exporter: string;
  readonly discover: string;
  readonly collect: string;
  readonly workspace: string;
  readonly xray: string;
  /** PromQL of the application's counter as it came by OTLP. */
  readonly otlpCounter: string;
  /** Title and query of each panel of the web page. */
  readonly panels: readonly { readonly title: string; readonly query: string }[];
}

/**
 * Reads every figure. One that can't be read is 0, which the caller reports as a stage without
 * data.
 */
export async function readFigures(
  world: World,
  sources: Sources,
  nowMs: number,
): Promise<Figure[]> {
  const sum = async (url: string, metric: string): Promise<number> =>
    sumMetric(await read(world, `${url}/metrics`), metric);
  const figures: Figure[] = [
    {
      what: 'served',
      value: await sum(sources.sampleApp, 'http_requests_total'),
      unit: 'requests by the sample application',
    },
    {
      what: 'exported',
      value: await sum(sources.exporter, 'ecs_container_cpu_usage_seconds_total'),
      unit: 'CPU seconds of the task, by the exporter',
    },
    {
      what: 'discovered',
      value: await countTargets(world, sources.discover),
      unit: 'targets in Cloud Map',
    },
    {
      what: 'scraped',
      value: await sum(sources.collect, 'prometheus_agent_samples_appended_total'),
      unit: 'samples',
    },
    {
      what: 'sent',
      value: await sum(sources.collect, 'prometheus_remote_storage_samples_total'),
      unit: 'samples, signed',
    },
    {
      what: 'stored',
      value: await sum(sources.workspace, 'workspace_samples_stored_total'),
      unit: 'samples',
    },
    {
      what: 'traced',
      value: await sum(sources.sampleApp, 'sample_app_segments_sent_total'),
      unit: 'trace segments by the sample application',
    },
    {
      what: 'sent',
      value: await sum(sources.xray, 'amperage_sink_items_delivered_total'),
      unit: 'trace segments to X-Ray, signed',
    },
    {
      what: 'listed',
      value: await countTraces(world, sources.workspace, nowMs),
      unit: 'traces of the last five minutes',
    },
  ];
  figures.push(
    {
      what: 'received',
      value: await sum(sources.collect, 'amperage_otlp_items_total'),
      unit: 'data points and spans by OTLP',
    },
    {
      what: 'counted',
      value: await readValue(world, sources.workspace, sources.otlpCounter, nowMs),
      unit: 'requests by OTLP, of those served',
    },
  );
  const sums = await readSums((url) => read(world, url), sources.workspace, nowMs);
  figures.push(
    { what: 'added up', value: sums.cloudwatch, unit: 'requests by CloudWatch, its Sum' },
    { what: 'added up', value: sums.promql, unit: 'requests by PromQL, increase()' },
  );
  for (const panel of sources.panels) {
    const points = await countPoints(world, sources.workspace, panel.query, nowMs);
    figures.push({ what: 'queried', value: points, unit: `points of "${panel.title}"` });
  }
  return figures;
}

/**
 * Sums all series of one metric. The exposition must be one that Amperage wrote: a line ends with
 * the value.
 */
function sumMetric(exposition: string, metric: string): number {
  let sum = 0;
  for (const line of exposition.split('\n')) {
    if (!line.startsWith(metric)) continue;
    const next = line[metric.length];
    if (next === ' ' || next === '{') sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

async function countTargets(world: World, discover: string): Promise<number> {
  const groups = parse(await read(world, `${discover}/prometheus-targets`));
  if (!Array.isArray(groups)) return 0;
  return groups.reduce(
    (count: number, group: { targets?: unknown[] }) => count + (group.targets?.length ?? 0),
    0,
  );
}

async function countTraces(world: World, workspace: string, nowMs: number): Promise<number> {
  const range = new URLSearchParams({
    start: String(nowMs / 1_000 - 300),
    end: String(nowMs / 1_000),
  });
  const url = `${workspace}/api/v1/xray/traces?${range.toString()}`;
  const answer = parse(await read(world, url)) as { data?: { traces?: unknown[] } } | null;
  return answer?.data?.traces?.length ?? 0;
}

/** The value of an expression that gives one series; 0 for none. */
async function readValue(
  world: World,
  workspace: string,
  query: string,
  nowMs: number,
): Promise<number> {
  const parameters = new URLSearchParams({ query, time: String(nowMs / 1_000) });
  const answer = parse(await read(world, `${workspace}/api/v1/query?${parameters}`)) as {
    data?: { result?: { value?: [number, string] }[] };
  } | null;
  return Number(answer?.data?.result?.[0]?.value?.[1] ?? 0);
}

async function countPoints(
  world: World,
  workspace: string,
  query: string,
  nowMs: number,
): Promise<number> {
  const range = new URLSearchParams({
    query,
    start: String((nowMs - 5 * 60_000) / 1_000),
    end: String(nowMs / 1_000),
    step: '5',
  });
  const answer = parse(
    await read(world, `${workspace}/api/v1/query_range?${range.toString()}`),
  ) as {
    data?: { result?: { values?: unknown[] }[] };
  } | null;
  return (answer?.data?.result ?? []).reduce(
    (count, series) => count + (series.values?.length ?? 0),
    0,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function read(world: World, url: string): Promise<string> {
  try {
    const answer = await world.http.send({
      method: 'GET',
      url,
      timeoutMs: 10_000,
      bodyMaxBytes: 64 * 1024 * 1024,
      signal: new AbortController().signal,
    });
    if (answer.status === 200) return answer.body.toString();
    world.log.warn('a figure could not be read', { url, status: answer.status });
  } catch (error) {
    world.log.warn('a figure could not be read', { url, error });
  }
  return '';
}
