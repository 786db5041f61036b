/**
 * Makes the targets of a job: takes the labels from discovery through relabel_configs, and makes a
 * URL of them and the labels that all series of the target get. Pure.
 * Source: prometheus/scrape/target.go (PopulateLabels, Target.URL, TargetsFromGroup)
 */
import { describeError } from '../kernel/errors.ts';
import { formatDurationMs, parseDurationMs } from '../model/duration.ts';
import { type LabelSet, labelSetKey, makeLabelSet } from '../model/labels.ts';
import { type TargetGroup } from '../model/target.ts';
import { relabel } from '../relabel/relabel.ts';
import { withoutSecrets } from '../settings/url.ts';
import type { HistogramConfig, ScrapeConfig } from './config.ts';
import type { Steps } from './steps.ts';

export interface Target {
  /** Equal for two targets that would be scraped alike; the same after a restart. */
  readonly key: string;
  /** The labels that its series get, without `__*`. */
  readonly labels: LabelSet;
  /** The labels before relabelling, shown to explain the target. */
  readonly discoveredLabels: LabelSet;
  readonly url: string;
  /** Why the address can't be connected to, which fails each scrape; undefined for a good one. */
  readonly fault?: string | undefined;
  /** The socket file that is connected to in place of the address. */
  readonly socketPath?: string | undefined;
  /** What relabelling has set otherwise than the job. */
  readonly histograms?: HistogramChoices | undefined;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The part that the target belongs to, where several processes divide the targets. */
  readonly part?: number | undefined;
}

export interface TargetList {
  readonly targets: readonly Target[];
  /**
   * Discovered labels of targets that relabelling dropped or that could not be made;
   * keep_dropped_targets bounds them.
   */
  readonly dropped: readonly LabelSet[];
  readonly droppedCount: number;
  /** Why targets could not be made, one text each; these are among the dropped ones. */
  readonly failures: readonly string[];
}

/** Dropped targets that are kept where keep_dropped_targets sets no number. */
const DROPPED_KEPT_MAX = 200;

/** Makes the targets in the order of the groups, each once. */
export function listTargets(groups: readonly TargetGroup[], config: ScrapeConfig): TargetList {
  const steps = makeTargets(groups, config);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/**
 * The same as `listTargets` with a step for each target: relabelling thousands takes longer than a
 * turn of the event loop should.
 */
export function* makeTargets(
  groups: readonly TargetGroup[],
  config: ScrapeConfig,
): Steps<TargetList> {
  const targets = new Map<string, Target>();
  const dropped: LabelSet[] = [];
  const failures: string[] = [];
  let droppedCount = 0;
  const keptMax = config.limits.keptDropped || DROPPED_KEPT_MAX;
  const drop = (discovered: ReadonlyMap<string, string>): void => {
    droppedCount += 1;
    if (dropped.length < keptMax) dropped.push(makeLabelSet(discovered));
  };
  for (const group of groups) {
    for (const [at, own] of group.targets.entries()) {
      const discovered = collectDiscoveredLabels({ ...group.labels, ...own }, config);
      try {
        const target = makeTarget(discovered, config, group.parts?.[at]);
        if (target === undefined) drop(discovered);
        else if (!targets.has(target.key)) targets.set(target.key, target);
      } catch (error) {
        const address = describeAddress(discovered.get('__address__') ?? '');
        drop(new Map(discovered).set('__address__', address));
        failures.push(`target ${JSON.stringify(address)}: ${describeError(error)}`);
      }
      yield;
    }
  }
  return { targets: [...targets.values()], dropped, droppedCount, failures };
}

/** The labels that relabel_configs see. */
function collectDiscoveredLabels(
  given: Readonly<Record<string, string>>,
  config: ScrapeConfig,
): Map<string, string> {
  const labels = new Map(Object.entries(given).filter(([, value]) => value !== ''));
  const setDefault = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '' && !labels.has(name)) labels.set(name, value);
  };
  setDefault('job', config.jobName);
  setDefault('__scheme__', config.scheme);
  setDefault('__metrics_path__', config.metricsPath);
  setDefault('__scrape_interval__', formatDurationMs(config.scrapeIntervalMs));
  setDefault('__scrape_timeout__', formatDurationMs(config.scrapeTimeoutMs));
  for (const [name, values] of Object.entries(config.params))
    setDefault(`__param_${name}`, values[0]);
  return labels;
}

function makeTarget(
  discovered: ReadonlyMap<string, string>,
  config: ScrapeConfig,
  part: number | undefined,
): Target | undefined {
  const labels = new Map(discovered);
  for (const [name, key] of HISTOGRAM_LABELS)
    if (!labels.has(name)) labels.set(name, String(config.histograms[key]));
  if (!relabel(labels, config.relabelRules)) return undefined;
  const socketPath = labels.get('__unix_socket__') || undefined;
  const address = labels.get('__address__') ?? '';
  if (address === '' && socketPath === undefined)
    throw new Error('it has no address; set "__address__"');
  const intervalMs = parseSpan(labels, '__scrape_interval__');
  const timeoutMs = parseSpan(labels, '__scrape_timeout__');
  if (timeoutMs > intervalMs)
    throw new Error(
      `its scrape timeout of ${timeoutMs} ms is longer than its interval of ${intervalMs} ` +
        'ms; set "__scrape_timeout__" lower',
    );
  // As the instance of a target that is down, a password would go to all receivers.
  if (address.includes('@'))
    throw new Error('an address holds no user and password; use basic_auth');
  const fault = address === '' ? undefined : findAddressFault(address);
  const host = hasPortAlone(address) ? `localhost${address}` : address;
  const url = buildUrl(fault === undefined ? host || 'localhost' : UNREACHABLE, labels, config);
  const histograms = chooseHistograms(labels, config);
  if (!labels.has('instance') && address !== '') labels.set('instance', address);
  for (const name of labels.keys()) if (name.startsWith('__')) labels.delete(name);
  const set = makeLabelSet(labels);
  return {
    // Offsets in the interval follow from the key, so it is the same in all versions.
    key:
      `${labelSetKey(set)} ${fault ?? url} ${intervalMs} ${timeoutMs}` +
      formatOwn(socketPath, histograms),
    labels: set,
    discoveredLabels: makeLabelSet(discovered),
    url,
    fault,
    socketPath,
    histograms,
    intervalMs,
    timeoutMs,
    part,
  };
}

/** The labels of a target that override keys of its job. */
const HISTOGRAM_LABELS = [
  ['__scrape_native_histograms__', 'isNative'],
  ['__always_scrape_classic_histograms__', 'alwaysClassic'],
  ['__convert_classic_histograms_to_nhcb__', 'convertsClassic'],
] as const;

type HistogramChoices = Pick<HistogramConfig, (typeof HISTOGRAM_LABELS)[number][1]>;

/** Undefined where all is as the job has it. */
function chooseHistograms(
  labels: ReadonlyMap<string, string>,
  { histograms }: ScrapeConfig,
): HistogramChoices | undefined {
  const { isNative, alwaysClassic, convertsClassic } = histograms;
  const choices = { isNative, alwaysClassic, convertsClassic };
  let isOwn = false;
  for (const [name, key] of HISTOGRAM_LABELS) {
    const choice = readSwitch(labels.get(name) ?? '', name) ?? histograms[key];
    isOwn ||= choice !== histograms[key];
    choices[key] = choice;
  }
  return isOwn ? choices : undefined;
}

/** As Go's strconv.ParseBool; undefined for an empty text. */
function readSwitch(text: string, name: string): boolean | undefined {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false;
  if (text === '') return undefined;
  throw new Error(`label "${name}" is ${JSON.stringify(text)}; use true or false`);
}

/** What few targets have: the key of the others must stay as it is. */
function formatOwn(socketPath: string | undefined, histograms: object | undefined): string {
  return socketPath === undefined && histograms === undefined
    ? ''
    : ` ${JSON.stringify([socketPath, histograms])}`;
}

function parseSpan(labels: ReadonlyMap<string, string>, name: string): number {
  const text = labels.get(name) ?? '';
  const spanMs = parseDurationMs(text);
  if (spanMs === undefined || spanMs === 0)
    throw new Error(`label "${name}" is ${JSON.stringify(text)}, which is no duration above 0`);
  return spanMs;
}

const PORT_MAX = 65_535;

/** An address for messages; what looks like a URL may hold a password or a token. */
function describeAddress(address: string): string {
  return /[@?]/.test(address) ? withoutSecrets(address) : address;
}

/** Stands in URLs for an address that is none: the name is reserved and leads nowhere. */
const UNREACHABLE = 'address.invalid';

/**
 * Why an address can't be connected to: it must not set the path, the query or credentials of the
 * URL either, since it may come from discovery.
 */
function findAddressFault(address: string): string | undefined {
  const text = `target ${JSON.stringify(describeAddress(address))}`;
  if (address.includes('/'))
    return (
      `${text} is not a host and port; leave out the scheme and the path (they are "scheme" and ` +
      '"metrics_path"), or move it to another label by relabel_configs'
    );
  const port = /:(\d+)$/.exec(address)?.[1];
  if (port !== undefined && Number(port) > PORT_MAX)
    return `${text} has port ${port}; the highest is ${PORT_MAX}`;
  if (/^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*$/i.test(address))
    return `${text} is not a host and port; write an IPv6 address in brackets, as [::1]:9100`;
  if (hasPortAlone(address)) return undefined;
  if (/[?#\\\s]/.test(address) || !URL.canParse(`http://${address}`))
    return `${text} is not a host and port; write it as host:port`;
  return undefined;
}

/** Whether an address is a port of this machine, as `:9100`: so Go connects, and Prometheus. */
function hasPortAlone(address: string): boolean {
  return /^:\d+$/.test(address);
}

function buildUrl(
  address: string,
  labels: ReadonlyMap<string, string>,
  config: ScrapeConfig,
): string {
  const scheme = (labels.get('__scheme__') ?? '').toLowerCase();
  if (scheme !== 'http' && scheme !== 'https')
    throw new Error(`label "__scheme__" is ${JSON.stringify(scheme)}; use http or https`);
  const url = new URL(`${scheme}://${address}`);
  url.pathname = labels.get('__metrics_path__') ?? '';
  const params = new Map(Object.entries(config.params).map(([name, list]) => [name, [...list]]));
  for (const [label, value] of labels) {
    if (!label.startsWith('__param_')) continue;
    const name = label.slice('__param_'.length);
    params.set(name, [value, ...(params.get(name)?.slice(1) ?? [])]);
  }
  for (const name of [...params.keys()].sort())
    for (const value of params.get(name) ?? []) url.searchParams.append(name, value);
  return url.href;
}
