import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

interface Parts {
  readonly receiver?: object;
  readonly exporter?: object;
  readonly processors?: Readonly<Record<string, object>>;
  readonly extensions?: Readonly<Record<string, object>>;
  readonly telemetry?: object;
}

/** One pipeline of these parts, in which everything is used. */
async function check({ receiver, exporter, processors = {}, extensions = {}, telemetry }: Parts) {
  const jobs = { config: { scrape_configs: [{ job_name: 'a' }] } };
  const pipeline = {
    receivers: ['prometheus'],
    processors: Object.keys(processors),
    exporters: ['prometheusremotewrite'],
  };
  const text = JSON.stringify({
    receivers: { prometheus: { ...jobs, ...receiver } },
    processors,
    exporters: { prometheusremotewrite: { endpoint: 'https://one/w', ...exporter } },
    extensions,
    service: { extensions: Object.keys(extensions), telemetry, pipelines: { metrics: pipeline } },
  });
  const { plan, findings } = await checkConfigText(text, '/nowhere/c.yml', { env: {} });
  return { plan, lines: findings.map(formatFinding).join('\n') };
}

const limits = { check_interval: '1s', limit_mib: 100 };
const token = { bearertokenauth: { token: 'hush\nhush' } };

const REFUSED: readonly (readonly [message: RegExp, parts: Parts])[] = [
  [/value of a header holds a line break/, { exporter: { headers: { 'X-Key': 'hush\nhush' } } }],
  [/value of a header holds a line break/, { exporter: { auth: { authenticator: 'bearertokenauth' } }, extensions: token }],
  [/header "x-key" is the same as "X-Key"/, { exporter: { headers: { 'X-Key': 'a', 'x-key': 'b' } } }],
  [/header "a" is given twice/, { exporter: { headers: [{ name: 'a', value: '1' }, { name: 'a', value: '2' }] } }],
  [/min_version is above max_version/, { exporter: { tls: { min_version: '1.3', max_version: '1.2' } } }],
  [/min_version is above max_version/, { exporter: { tls: { max_version: '1.1' } } }],
  [/label "a" has no value/, { exporter: { external_labels: { a: null } } }],
  [/max_size 10 is less than min_size 20/, { exporter: { sending_queue: { batch: { min_size: 20, max_size: 10 } } } }],
  [/flush_timeout must be more than 0/, { exporter: { sending_queue: { batch: { flush_timeout: '0s' } } } }],
  [/send_batch_max_size 10 is less than send_batch_size, which is 8192/, { processors: { batch: { send_batch_max_size: 10 } } }],
  [/metadata_keys names "a" twice/, { processors: { batch: { metadata_keys: ['a', 'A'] } } }],
  [/needs a "check_interval"/, { processors: { memory_limiter: { limit_mib: 1 } } }],
  [/needs "limit_mib" or "limit_percentage"/, { processors: { memory_limiter: { check_interval: '1s' } } }],
  [/spike_limit_mib must be less than/, { processors: { memory_limiter: { ...limits, spike_limit_mib: 100 } } }],
  [/limit_percentage must not be more than 100/, { processors: { memory_limiter: { check_interval: '1s', limit_percentage: 101 } } }],
  [/spike_limit_percentage must be less/, { processors: { memory_limiter: { check_interval: '1s', limit_percentage: 10, spike_limit_percentage: 10 } } }],
  [/max_gc_interval_when_soft_limited must not be less than min/, { processors: { memory_limiter: { ...limits, max_gc_interval_when_soft_limited: '1s', max_gc_interval_when_hard_limited: '1s' } } }],
  [/flag --final-scrape/, { receiver: { scrape_on_shutdown: true } }],
  [/"initial_scrape_offset": first scrapes are spread/, { receiver: { initial_scrape_offset: '5s' } }],
  [/min_version is above max_version/, { extensions: { health_check: { tls: { cert_file: 'c', key_file: 'k', min_version: '1.3', max_version: '1.2' } } } }],
  [/zpages listens on 127\.0\.0\.1:9, as health_check does on 0\.0\.0\.0:9/, { extensions: { health_check: { endpoint: ':9' }, zpages: { endpoint: 'localhost:9' } } }],
  [/metrics listens on 0\.0\.0\.0:9, as zpages does on/, { extensions: { zpages: { endpoint: 'localhost:9' } }, telemetry: { metrics: { address: ':9' } } }],
]; // prettier-ignore

test('what could never work, or is refused by the Collector, is refused, and no secret is told', async () => {
  for (const [message, parts] of REFUSED) {
    const { plan, lines } = await check(parts);
    assert.equal(plan, undefined, String(message));
    assert.match(lines, message);
    assert.doesNotMatch(lines, /hush/);
  }
});

const TAKEN: readonly (readonly [message: RegExp, parts: Parts])[] = [
  [/discovery_reload_on_startup has no effect/, { receiver: { discovery_reload_on_startup: true } }],
  [/^$/, { receiver: { scrape_on_shutdown: false, discovery_reload_on_startup: false, initial_scrape_offset: '0s' } }],
  [/memory_limiter" has no effect/, { processors: { memory_limiter: { ...limits, max_gc_interval_when_soft_limited: '0s', max_gc_interval_when_hard_limited: '1m' } } }],
  [/batch" has no effect/, { processors: { batch: { send_batch_size: 10, send_batch_max_size: 10 } } }],
  [/^$/, { exporter: { headers: { 'X-Key': 'a\tb é', empty: null } } }],
  [/^$/, { extensions: { health_check: { endpoint: ':0' }, zpages: { endpoint: 'localhost:0' } } }],
]; // prettier-ignore

test('what is like it and works is taken', async () => {
  for (const [message, parts] of TAKEN) {
    const { plan, lines } = await check(parts);
    assert.ok(plan, lines);
    assert.match(lines, message);
  }
});
