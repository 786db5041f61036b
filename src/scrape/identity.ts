/**
 * What a change of a job's configuration does to the running job. Every field is named here with
 * its effect, so that a new field does not compile until somebody has decided.
 */
import type { RelabelRule } from '../relabel/relabel.ts';
import { ruleKey } from '../relabel/rule-key.ts';
import type { HistogramConfig, ScrapeConfig, ScrapeLimits } from './config.ts';

/**
 * What has to be done when a field changes:
 *
 * - `series`: it makes other targets or other series; the job gets a new pool, which takes over the
 *   targets and series that stay the same
 * - `connection`: another HTTP client; targets, series and their offsets in the interval stay
 * - `body`: the next body is read in another way; what is remembered of the last body is forgotten,
 *   the series are kept
 * - `scrape`: nothing, since the field is read whenever it is needed
 */
export type Effect = 'series' | 'connection' | 'body' | 'scrape';

/**
 * What keys are made of. Functions and objects are excluded: JSON.stringify would drop the one, and
 * take every field of the other.
 */
type Plain = string | number | boolean | readonly Plain[];

type Role<Value> =
  | { readonly effect: 'scrape' }
  | { readonly effect: Exclude<Effect, 'scrape'>; readonly key: (value: Value) => Plain };

type Roles<Type> = { readonly [Key in keyof Type]-?: Role<Type[Key]> };

const keepAsIs = (value: Plain): Plain => value;

const ROLES: Roles<ScrapeConfig> = {
  id: { effect: 'series', key: keepAsIs },
  jobName: { effect: 'series', key: keepAsIs },
  // Running loops keep their offsets in the interval; loops that start later take theirs by the new
  // text.
  replica: { effect: 'scrape' },
  scrapeIntervalMs: { effect: 'series', key: keepAsIs },
  // Relabelling sees it and may set it for each target.
  scrapeTimeoutMs: { effect: 'series', key: keepAsIs },
  metricsPath: { effect: 'series', key: keepAsIs },
  scheme: { effect: 'series', key: keepAsIs },
  params: { effect: 'series', key: (params) => Object.entries(params).sort(compareByName) },
  honorLabels: { effect: 'series', key: keepAsIs },
  honorTimestamps: { effect: 'body', key: keepAsIs },
  trackTimestampsStaleness: { effect: 'body', key: keepAsIs },
  enableCompression: { effect: 'scrape' },
  protocols: { effect: 'scrape' },
  escaping: { effect: 'scrape' },
  fallback: { effect: 'scrape' },
  hasLegacyNames: { effect: 'series', key: keepAsIs },
  histograms: {
    effect: 'body',
    key: makeFieldsKey<HistogramConfig>({
      isNative: keepAsIs,
      alwaysClassic: keepAsIs,
      convertsClassic: keepAsIs,
      minBucketFactor: keepAsIs,
    }),
  },
  hasExtraMetrics: { effect: 'series', key: keepAsIs },
  followRedirects: { effect: 'scrape' },
  failureLogFile: { effect: 'scrape' },
  relabelRules: { effect: 'series', key: makeRulesKey },
  metricRelabelRules: { effect: 'series', key: makeRulesKey },
  limits: {
    effect: 'body',
    key: makeFieldsKey<ScrapeLimits>({
      bodySizeBytes: keepAsIs,
      samples: keepAsIs,
      labels: keepAsIs,
      labelNameBytes: keepAsIs,
      labelValueBytes: keepAsIs,
      targets: keepAsIs,
      keptDropped: keepAsIs,
      histogramBuckets: keepAsIs,
    }),
  },
  basicAuth: { effect: 'scrape' },
  authorization: { effect: 'scrape' },
  headers: { effect: 'scrape' },
  // The connection itself watches the files that it names.
  connection: { effect: 'connection', key: (connection) => connection?.key ?? '' },
  // The HTTP client refuses those connections.
  allowMetadataAddresses: { effect: 'connection', key: keepAsIs },
};

/** Equal for two configurations under which a job has the same targets and series. */
export function seriesKey(config: ScrapeConfig): string {
  return formatEffectKey(config, 'series');
}

/** Equal for two configurations that need the same HTTP client. */
export function connectionKey(config: ScrapeConfig): string {
  return formatEffectKey(config, 'connection');
}

/** Equal for two configurations that read a body alike. */
export function bodyKey(config: ScrapeConfig): string {
  return formatEffectKey(config, 'body');
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

/** Makes a key function for an object; every field must be named. */
function makeFieldsKey<Type extends object>(fields: {
  readonly [Key in keyof Type]-?: (value: Type[Key]) => Plain;
}): (value: Type) => Plain {
  const names = Object.keys(fields) as (keyof Type & string)[];
  return (value) => names.map((name) => [name, fields[name](value[name])]);
}

function makeRulesKey(rules: readonly RelabelRule[]): Plain {
  return rules.map(ruleKey);
}

function compareByName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
