/**
 * A file of CloudWatch's agent as a configuration of Prometheus' dialect: the jobs of its
 * prometheus_config_path, its discovery, emf_write of its logs section and remote_write of its
 * destination AMP. All else that it collects is lost, each with its path and what to do instead.
 * Pure but for `readJobs`.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
 * CloudWatch-Agent-Configuration-File-Details.html; amazon-cloudwatch-agent's translator/
 */
import { describeError } from '../../kernel/errors.ts';
import { isEmfUnit } from '../../wire/emf/limits.ts';
import { adviceForPart } from '../agent-config.ts';
import { isMapping, type Mapping, withoutUndefined } from '../mapping.ts';
import { type AgentDiscovery, convertAgentDiscovery, placeDiscovery } from './agent-discovery.ts';
import { type AgentLoss, AgentMap } from './agent-values.ts';

export interface AgentConversion {
  readonly document: Mapping;
  readonly changes: readonly string[];
  readonly losses: readonly AgentLoss[];
}

/** The configuration that prometheus_config_path names. @throws Error for one that is not there */
export type ReadJobs = (path: string) => unknown;

/** What stands for the name of the agent's own cluster where the file has none. */
const OWN_CLUSTER = '${env:CLUSTER_NAME}';

export function convertAgent(file: Mapping, readJobs: ReadJobs): AgentConversion {
  const losses: AgentLoss[] = [];
  const changes: string[] = [];
  const top = new AgentMap(file, [], losses);
  const agent = readAgent(top.map('agent'), changes);
  const logs = openSection(top.map('logs'), agent);
  const metrics = openSection(top.map('metrics'), agent);
  const scraping = openJobs([logs, metrics], readJobs);
  const events = logs?.prometheus && convertEvents(logs, logs.prometheus, changes);
  const entries = metrics?.prometheus && convertAmp(metrics, metrics.prometheus);
  for (const section of [logs, metrics, openSection(top.map('traces'), agent)])
    if (section !== undefined) endSection(section, changes);
  top.end(() => 'it has no counterpart here: leave it to the agent');
  const { jobs, placed } = placeJobs(scraping, events?.discovery);
  if (events?.discovery !== undefined && placed === 0 && 'scrape_configs' in scraping)
    changes.push(
      `no job reads ${events.discovery.resultFile}, the file of ecs_service_discovery: it finds ` +
        'nothing, as for the agent',
    );
  const document = {
    ...withClusterName(jobs, events?.cluster),
    ...(events === undefined ? {} : { emf_write: [events.entry] }),
    ...(entries === undefined ? {} : { remote_write: entries }),
  };
  return { document, changes, losses };
}

/** What the section agent says for the others. */
interface AgentSettings {
  readonly region: string | undefined;
  readonly role: string | undefined;
  readonly profile: string | undefined;
}

function readAgent(agent: AgentMap | undefined, changes: string[]): AgentSettings {
  const region = agent?.text('region');
  const credentials = agent?.map('credentials');
  const role = credentials?.text('role_arn');
  const profile = credentials?.text('profile');
  credentials?.end();
  for (const key of agent?.keys ?? [])
    changes.push(`agent.${key} has no effect: flags of collect set the log, and jobs the interval`);
  return { region, role, profile };
}

/** The section logs, metrics or traces. */
interface AgentSection {
  readonly map: AgentMap;
  readonly collected: AgentMap | undefined;
  readonly prometheus: AgentMap | undefined;
  readonly path: string | undefined;
  /** What its requests are sent by. */
  readonly access: AgentSettings & { readonly endpoint: string | undefined };
}

function openSection(map: AgentMap | undefined, agent: AgentSettings): AgentSection | undefined {
  if (map === undefined) return undefined;
  const collected = map.map('metrics_collected');
  const prometheus = collected?.map('prometheus');
  const path = prometheus?.text('prometheus_config_path');
  const credentials = map.map('credentials');
  const role = credentials?.text('role_arn') ?? agent.role;
  credentials?.end();
  const access = { ...agent, role, endpoint: map.text('endpoint_override') };
  return { map, collected, prometheus, path, access };
}

/** A configuration of Prometheus has one way from all jobs to all sinks: they are of one file. */
function openJobs(sections: readonly (AgentSection | undefined)[], readJobs: ReadJobs): Mapping {
  const [first, second] = sections.filter((section) => section?.prometheus !== undefined);
  if (first?.prometheus === undefined) return {};
  if (second !== undefined && second.path !== first.path)
    second.prometheus?.lose(
      'prometheus_config_path',
      'its jobs would lead to the sinks of the other section, too: convert each section by itself',
    );
  try {
    const read = readJobs(first.path ?? '');
    // In the words of the Collector's receiver, the configuration is below "config".
    if (!isMapping(read)) throw new Error('it is no mapping');
    const { config, ...others } = read;
    if (!isMapping(config)) return read;
    for (const key of Object.keys(others))
      first.prometheus.lose('prometheus_config_path', `"${key}" there has no counterpart here`);
    return config;
  } catch (error) {
    first.prometheus.lose(
      'prometheus_config_path',
      `its jobs can't be read (${describeError(error)}): put the file beside this one, or its ` +
        'text into the variable, and convert again',
    );
    return {};
  }
}

interface ConvertedEvents {
  readonly entry: Mapping;
  /** What is the label ClusterName of all series; without a cluster there is none. */
  readonly cluster: string | undefined;
  readonly discovery: AgentDiscovery | undefined;
}

function convertEvents(
  { access: { region, role, profile, endpoint } }: AgentSection,
  prometheus: AgentMap,
  changes: string[],
): ConvertedEvents {
  const named = prometheus.text('cluster_name');
  const section = prometheus.map('ecs_service_discovery');
  const group = prometheus.text('log_group_name');
  const isOwn = named === undefined && (section !== undefined || group === undefined);
  const cluster = isOwn ? OWN_CLUSTER : named;
  if (isOwn)
    changes.push(
      'the agent finds the name of its own cluster by itself: give it in the variable CLUSTER_NAME',
    );
  const discovery =
    section && convertAgentDiscovery(section, { region, cluster: cluster ?? OWN_CLUSTER });
  const processor = convertProcessor(prometheus.map('emf_processor'), discovery !== undefined);
  const declarations = processor['metric_declaration'];
  const isLogOnly = !Array.isArray(declarations) || declarations.length === 0;
  if (isLogOnly)
    changes.push('without metric_declaration all is in the log alone, as with the agent');
  const isDisabled = prometheus.flag('disable_metric_extraction') === true || isLogOnly;
  prometheus.end();
  const entry = withoutUndefined({
    region,
    role_arn: role,
    profile,
    endpoint,
    log_group_name: group ?? `/aws/ecs/containerinsights/${cluster}/prometheus`,
    log_stream_name: '{JobName}',
    disable_metric_extraction: isDisabled ? true : undefined,
    emf_processor: processor,
  });
  return { entry, cluster, discovery };
}

/** The keys are those of emf_write's own emf_processor. */
function convertProcessor(map: AgentMap | undefined, isOnEcs: boolean): Mapping {
  const namespace = map?.text('metric_namespace');
  const units = map?.map('metric_unit');
  const known = (units?.keys ?? []).flatMap((name) => {
    const unit = units?.text(name);
    if (unit === undefined) return [];
    if (isEmfUnit(unit)) return [[name, unit] as const];
    units?.lose(name, `${JSON.stringify(unit)} is no unit of CloudWatch: the metric has none`);
    return [];
  });
  const declarations = map?.take('metric_declaration');
  map?.take('metric_declaration_dedup');
  map?.end();
  const usual = isOnEcs ? 'ECS/ContainerInsights/Prometheus' : 'CWAgent/Prometheus';
  return {
    metric_namespace: namespace ?? usual,
    ...(known.length === 0 ? {} : { metric_unit: Object.fromEntries(known) }),
    ...(declarations === undefined ? {} : { metric_declaration: declarations }),
  };
}

function convertAmp(
  { map, access: { region = '${env:AWS_REGION}', role, profile } }: AgentSection,
  prometheus: AgentMap,
): Mapping[] | undefined {
  prometheus.end();
  const destinations = map.map('metrics_destinations');
  const amp = destinations?.map('amp');
  const workspace = amp?.text('workspace_id');
  amp?.end();
  destinations?.end(() => 'metrics of Prometheus reach CloudWatch as events: write emf_write');
  if (workspace === undefined) {
    map.lose('metrics_destinations', 'it has no workspace of AMP: write remote_write or emf_write');
    return undefined;
  }
  const host = `https://aps-workspaces.${region}.amazonaws.com`;
  const sigv4 = withoutUndefined({ region, role_arn: role, profile });
  return [{ url: `${host}/workspaces/${workspace}/api/v1/remote_write`, sigv4 }];
}

/** What the section collects besides is lost. */
function endSection({ map, collected }: AgentSection, changes: string[]): void {
  const [section = ''] = map.path;
  const isOf = (part: string): string => adviceForPart(String(section), part);
  collected?.end(isOf);
  for (const list of ['logs_collected', 'traces_collected']) map.map(list)?.end(isOf);
  for (const key of map.keys) {
    map.take(key);
    changes.push(`${section}.${key} has no effect: it is of what is not converted, or of a buffer`);
  }
}

/** Where the jobs are not known, the discovery has one of its own. */
function placeJobs(
  document: Mapping,
  discovery: AgentDiscovery | undefined,
): { jobs: Mapping; placed: number } {
  if (discovery === undefined) return { jobs: document, placed: 0 };
  const { scrape_configs: all } = document;
  if (!Array.isArray(all)) {
    const job = { job_name: 'ecs', amperage_ecs_sd_configs: [discovery.entry] };
    return { jobs: { ...document, scrape_configs: [job] }, placed: 1 };
  }
  const { jobs, placed } = placeDiscovery(all as readonly unknown[], discovery);
  return { jobs: { ...document, scrape_configs: jobs }, placed };
}

/** The agent gives all metrics of its logs section the name of the cluster. */
function withClusterName(document: Mapping, cluster: string | undefined): Mapping {
  if (cluster === undefined) return document;
  const global = isMapping(document['global']) ? document['global'] : {};
  const labels = isMapping(global['external_labels']) ? global['external_labels'] : {};
  const external = { ClusterName: cluster, ...labels };
  return { ...document, global: { ...global, external_labels: external } };
}
