/**
 * What a change of its configuration does to a job that runs. Every field is named here with its
 * effect: one that is new does not compile before somebody has decided.
 */
import type { RelabelRule } from '../relabel/relabel.ts';
import { ruleKey } from '../relabel/rule-key.ts';
import type { HistogramConfig, ScrapeConfig, ScrapeLimits } from './config.ts';

/**
 * - `series`: other targets or other series; the job gets a new pool, and what stays the same goes
 *   on in it
 * - `connection`: another HTTP client; targets, series and their places in the interval go on
 *   untouched
 * - `page`: how the next page is read; what is remembered of the last one is forgotten, the series
 *   are not
 * - `scrape`: asked anew whenever it is needed; nothing has to be done
 */
export type Effect = 'series' | 'connection' | 'page' | 'scrape';

/**
 * What keys are made of: no function and no object, so that nothing falls out and nothing comes in
 * unseen.
 */
type Plain = string | number | boolean | readonly Plain[];

type Role<Value> =
  | { readonly effect: 'scrape' }
  | { readonly effect: Exclude<Effect, 'scrape'>; readonly key: (value: Value) => Plain };

type Roles<Type> = { readonly [Key in keyof Type]-?: Role<Type[Key]> };

const same = (value: Plain): Plain => value;

const ROLES: Roles<ScrapeConfig> = {
  id: { effect: 'series', key: same },
  jobName: { effect: 'series', key: same },
  // Loops that run keep their places; those that start later take theirs by the new text.
  replica: { effect: 'scrape' },
  scrapeIntervalMs: { effect: 'series', key: same },
  // Relabelling sees it, and may give each target its own.
  scrapeTimeoutMs: { effect: 'series', key: same },
  metricsPath: { effect: 'series', key: same },
  scheme: { effect: 'series', key: same },
  params: { effect: 'series', key: (params) => Object.entries(params).sort(byName) },
  honorLabels: { effect: 'series', key: same },
  honorTimestamps: { effect: 'page', key: same },
  trackTimestampsStaleness: { effect: 'page', key: same },
  enableCompression: { effect: 'scrape' },
  protocols: { effect: 'scrape' },
  escaping: { effect: 'scrape' },
  fallback: { effect: 'scrape' },
  hasLegacyNames: { effect: 'series', key: same },
  histograms: {
    effect: 'page',
    key: fieldsKey<HistogramConfig>({ isNative: same, alwaysClassic: same, minBucketFactor: same }),
  },
  hasExtraMetrics: { effect: 'series', key: same },
  followRedirects: { effect: 'scrape' },
  relabelRules: { effect: 'series', key: rulesKey },
  metricRelabelRules: { effect: 'series', key: rulesKey },
  limits: {
    effect: 'page',
    key: fieldsKey<ScrapeLimits>({
      bodySizeBytes: same,
      samples: same,
      labels: same,
      labelNameBytes: same,
      labelValueBytes: same,
      targets: same,
      keptDropped: same,
      histogramBuckets: same,
    }),
  },
  basicAuth: { effect: 'scrape' },
  authorization: { effect: 'scrape' },
  headers: { effect: 'scrape' },
  // What is in its files it watches itself.
  connection: { effect: 'connection', key: (connection) => connection?.key ?? '' },
  // The client refuses connections to them.
  allowMetadataAddresses: { effect: 'connection', key: same },
};

/** Equal for two configurations under which a job has the same targets and series. */
export function seriesKey(config: ScrapeConfig): string {
  return formatEffectKey(config, 'series');
}

/** Equal for two configurations that need the same HTTP client. */
export function connectionKey(config: ScrapeConfig): string {
  return formatEffectKey(config, 'connection');
}

/** Equal for two configurations that read a page alike. */
export function pageKey(config: ScrapeConfig): string {
  return formatEffectKey(config, 'page');
}

function formatEffectKey(config: ScrapeConfig, effect: Effect): string {
  const parts: Plain[] = [];
  for (const name of Object.keys(ROLES) as (keyof ScrapeConfig)[]) {
    const role = ROLES[name];
    if (role.effect === 'scrape' || role.effect !== effect) continue;
    parts.push([name, (role.key as (value: unknown) => Plain)(config[name])]);
  }
  return JSON.stringify(parts);
}

/** The key of an object of which every field is named. */
function fieldsKey<Type extends object>(fields: {
  readonly [Key in keyof Type]-?: (value: Type[Key]) => Plain;
}): (value: Type) => Plain {
  const names = Object.keys(fields) as (keyof Type & string)[];
  return (value) => names.map((name) => [name, fields[name](value[name])]);
}

function rulesKey(rules: readonly RelabelRule[]): Plain {
  return rules.map(ruleKey);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
