/**
 * Renders docs/discovery-labels.md from the functions that make the labels of targets: the keys of
 * the objects that they return. test/discovery/labels-page.test.ts holds it to lists of targets.
 */
import { GENERATED } from './mark.ts';
import type { SourceFile } from './error-page.ts';

interface LabelSource {
  readonly file: string;
  /** How the part of the file begins that makes the labels; it ends with a brace as far left. */
  readonly from: string;
  /** Whether a number follows the name of each label. */
  readonly isNumbered?: boolean;
}

interface LabelSection {
  readonly title: string;
  readonly intro: string;
  readonly sources: readonly LabelSource[];
}

const PROFILES = 'src/discovery/ecs/profiles.ts';
const CLOUD_MAP = 'src/discovery/cloudmap/labels.ts';
const EC2 = 'src/discovery/ec2/targets.ts';
const RDS = 'src/discovery/rds/member-labels.ts';
const RDS_TARGETS = 'src/discovery/rds/targets.ts';
const CACHES = 'src/discovery/elasticache/member-labels.ts';
const CACHE_TARGETS = 'src/discovery/elasticache/targets.ts';
const MSK = 'src/discovery/msk/targets.ts';
const OF_SCRAPE = { file: PROFILES, from: 'function makeScrapeLabels(' };
const OF_PROMETHEUS = {
  file: 'src/discovery/ecs/prometheus-role.ts',
  from: 'export function makePrometheusLabels(',
};

/** A section for each set of labels. */
const SECTIONS: readonly LabelSection[] = [
  {
    title: 'ECS, as Prometheus has them',
    intro: '`ecs_sd_configs`, `aws_sd_configs` with `role: ecs`, and `labels: prometheus`.',
    sources: [OF_PROMETHEUS],
  },
  {
    title: 'ECS, all that is known',
    intro:
      '`amperage_ecs_sd_configs` with `labels: meta`, the default: those of Prometheus, and these.',
    sources: [OF_SCRAPE, { file: PROFILES, from: 'function makeMetaLabels(' }],
  },
  {
    title: 'ECS, as prometheus-ecs-discovery has them',
    intro: '`amperage_ecs_sd_configs` with `labels: prometheus-ecs-discovery`.',
    sources: [OF_SCRAPE, { file: PROFILES, from: 'function makeTeralyticsLabels(' }],
  },
  {
    title: 'ECS, as ecsobserver has them',
    intro:
      '`amperage_ecs_sd_configs` with `labels: ecsobserver`. The job stands in the label that ' +
      '`job_label_name` names, `prometheus_job` by default.',
    sources: [OF_SCRAPE, { file: PROFILES, from: 'function makeEcsobserverLabels(' }],
  },
  {
    title: 'ECS, as the CloudWatch agent has them',
    intro:
      '`amperage_ecs_sd_configs` with `labels: cloudwatch-agent`, and each docker label whose ' +
      'name is one of a label.',
    sources: [OF_SCRAPE, { file: PROFILES, from: 'function makeCloudWatchAgentLabels(' }],
  },
  {
    title: 'Cloud Map',
    intro:
      '`cloudmap_sd_configs`; with `labels: sdconfig-reloader` without those that begin with ' +
      '`__meta_`.',
    sources: [
      { file: CLOUD_MAP, from: '  const shared = {' },
      { file: CLOUD_MAP, from: '    labels: {' },
      { file: CLOUD_MAP, from: 'function makeCloudMapLabels(' },
    ],
  },
  {
    title: 'EC2',
    intro: '`ec2_sd_configs`, and `aws_sd_configs` with `role: ec2`.',
    sources: [
      { file: EC2, from: 'function makeInstanceLabels(' },
      { file: EC2, from: '  const target = {' },
    ],
  },
  {
    title: 'MSK',
    intro: "`msk_sd_configs`, and `aws_sd_configs` with `role: msk`; `{role}` is the node's.",
    sources: [
      { file: MSK, from: 'function makeClusterLabels(' },
      { file: MSK, from: 'function makeNodeTargets(' },
    ],
  },
  {
    title: 'RDS',
    intro: '`rds_sd_configs`, and `aws_sd_configs` with `role: rds`.',
    sources: [
      { file: RDS, from: 'export const CLUSTER_LABELS = {' },
      { file: RDS, from: 'export const INSTANCE_LABELS = {' },
      { file: RDS, from: 'export const ENDPOINT_LABELS = {' },
      { file: RDS, from: 'export const LISTENER_LABELS = {' },
      { file: RDS_TARGETS, from: 'function makeDatabaseClusterLabels(' },
      { file: RDS_TARGETS, from: 'function makeDatabaseLabels(' },
    ],
  },
  {
    title: 'ElastiCache',
    intro:
      '`elasticache_sd_configs`, and `aws_sd_configs` with `role: elasticache`; labels of lists ' +
      'end with a number, from 0.',
    sources: [
      { file: CACHES, from: 'export const SERVERLESS_LABELS = {' },
      { file: CACHES, from: 'export const SERVERLESS_ENDPOINT_LABELS = {' },
      { file: CACHES, from: 'export const READER_LABELS = {' },
      { file: CACHES, from: 'export const STORAGE_LABELS = {' },
      { file: CACHES, from: 'export const ECPU_LABELS = {' },
      { file: CACHES, from: 'export const CACHE_CLUSTER_LABELS = {' },
      { file: CACHES, from: 'export const CONFIGURATION_ENDPOINT_LABELS = {' },
      { file: CACHES, from: 'export const NOTIFICATION_LABELS = {' },
      { file: CACHES, from: 'export const LOG_DELIVERY_LABELS = {', isNumbered: true },
      { file: CACHES, from: 'export const PENDING_LABELS = {' },
      { file: CACHES, from: 'export const SECURITY_GROUP_LABELS = {', isNumbered: true },
      { file: CACHES, from: 'export const CACHE_NODE_LABELS = {' },
      { file: CACHES, from: 'export const NODE_ENDPOINT_LABELS = {' },
      { file: CACHE_TARGETS, from: 'function makeServerlessLabels(' },
      { file: CACHE_TARGETS, from: 'function makeServerlessIdLabels(', isNumbered: true },
      { file: CACHE_TARGETS, from: 'function makeCacheClusterLabels(' },
      { file: CACHE_TARGETS, from: 'function makeLogDeliveryLabels(', isNumbered: true },
    ],
  },
  {
    title: 'DNS',
    intro: '`dns_sd_configs`; a label that is not of the type of the record is empty.',
    sources: [{ file: 'src/discovery/dns.ts', from: '    targets: records.map(' }],
  },
  {
    title: 'HTTP',
    intro: '`http_sd_configs`, beside those of the list.',
    sources: [{ file: 'src/discovery/http.ts', from: '    return await parseTargetList(' }],
  },
  {
    title: 'Files',
    intro: '`file_sd_configs`, beside those of the list.',
    sources: [{ file: 'src/discovery/file.ts', from: '    return await parseTargetList(' }],
  },
];

/** Keys of an object: written out, short, of a name that is put together, with a prefix. */
const NAMES = new RegExp(
  [
    String.raw`(?:^ {4,8}(?<key>\w+)|[{(] (?<inner>__\w+)):(?= |$)`,
    String.raw`^ {4}(?<short>\w+),$`,
    String.raw`^ {2}(?<listed>__meta_\w+):`,
    String.raw`\[\x60(?<computed>__meta_\w+\$\{\w+\}\w*)\x60`,
    String.raw`\x60(?<begun>__meta_\w+_)\$\{\w+\(`,
    String.raw`'(?<prefix>__meta_\w+_)'`,
  ].join('|'),
  'gm',
);

/** The labels of a part of a source, in its order. */
function listLabels(
  { file, from, isNumbered = false }: LabelSource,
  sources: ReadonlyMap<string, string>,
): string[] {
  const text = sources.get(file) ?? '';
  const start = text.indexOf(`\n${from}`) + 1;
  if (start === 0) throw new Error(`${file} has no "${from.trim()}"; change labels-page.ts`);
  const indent = /^ */.exec(from)?.[0] ?? '';
  const ends = indent === '' ? /^\}(?: as const.*)?$/m : new RegExp(`;$|^${indent}[})]`, 'm');
  const rest = text.slice(start + from.length);
  const part = rest.slice(0, ends.exec(rest)?.index ?? rest.length);
  const names = [...part.matchAll(NAMES)].map(({ groups = {} }) => {
    const {
      key = groups['inner'] ?? groups['listed'],
      short,
      computed,
      begun = groups['prefix'],
    } = groups;
    return key ?? short ?? computed?.replace('$', '') ?? `${begun}*`;
  });
  const labels = names.filter((name) => name !== '__address__');
  return isNumbered ? labels.map((name) => `${name}*`) : labels;
}

export function renderLabelsPage(sources: readonly SourceFile[]): string {
  const texts = new Map(sources.map(({ path, text }) => [path.replaceAll('\\', '/'), text]));
  const sections = SECTIONS.map(({ title, intro, sources: parts }) => {
    const labels = [...new Set(parts.flatMap((part) => listLabels(part, texts)))];
    const names = labels.toSorted().map((label) => `\`${label}\``);
    return `## ${title}\n\n${intro}\n\n${names.join(', ')}\n`;
  });
  return `${GENERATED}
# Labels that discovery sets

What each mechanism knows of a target, for \`relabel_configs\`. Labels that begin with \`__\` are gone after relabelling, so take over what a
series shall have; a label without a value is absent. \`*\` stands for the key of a tag, a docker label or an attribute, of which each
character that no label may have is \`_\`. Every target has \`__address__\`. What each means: [discovery.md](discovery.md).

${sections.join('\n')}`;
}
