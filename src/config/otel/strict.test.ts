/** What the Collector refuses is refused, at its line; what nothing uses is checked too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../settings/finding.ts';
import { checkConfigText } from '../load.ts';

interface Parts {
  readonly receivers?: string;
  readonly processors?: string;
  readonly exporters?: string;
  readonly extensions?: string;
  readonly used?: string;
  readonly service?: string;
  /** The exporter of the pipeline. */
  readonly exporter?: string;
}

/** The findings for one pipeline, with more components beside those that it uses. */
async function told(parts: Parts): Promise<string[]> {
  const text = [
    'receivers:',
    '  prometheus: { config: { scrape_configs: [{ job_name: a }] } }',
    `  ${parts.receivers ?? ''}`,
    'processors:',
    `  ${parts.processors ?? ''}`,
    'exporters:',
    '  prometheusremotewrite: { endpoint: "http://one/w" }',
    `  ${parts.exporters ?? ''}`,
    'extensions:',
    `  ${parts.extensions ?? ''}`,
    'service:',
    `  ${parts.service ?? ''}`,
    '  pipelines:',
    '    metrics: { receivers: [prometheus], ' +
      `exporters: [${parts.exporter ?? 'prometheusremotewrite'}]${parts.used ?? ''} }`,
  ].join('\n');
  const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
  return findings.map((one) => `${one.severity}: ${formatFinding(one)}`);
}

test('both dialects guess keys with letters that changed places, and shortened ones', async () => {
  const collector = await told({
    receivers: 'otlp: { protocols: { gprc: {} } }',
    exporters: 'awsemf: { region: us-east-1, log_group: a }',
  });
  assert.match(collector.join('\n'), /unknown key "gprc".*did you mean "grpc"\?/);
  assert.match(collector.join('\n'), /unknown key "log_group".*did you mean "log_group_name"\?/);
  const text =
    'otlp_receivers: [{ gprc: { listen: "0.0.0.0:4317" } }]\n' +
    'emf_write: [{ region: us-east-1, log_group: x }]\n';
  const { findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const prometheus = findings.map(formatFinding).join('\n');
  assert.match(prometheus, /unknown key "gprc".*did you mean "grpc"\?/);
  assert.match(prometheus, /unknown key "log_group".*did you mean "log_group_name"\?/);
});

for (const [what, parts, expected] of [
  [
    'a key of a receiver that nothing uses is misspelt',
    { receivers: 'prometheus/x: { config: { scrape_config: [] } }' },
    ['error: c.yml:3:29: unknown key "scrape_config" in ' +
      'receivers.prometheus/x.config; did you mean "scrape_configs"? ' +
      '[CONFIG_UNKNOWN_KEY]',
     'warning: c.yml:3:3: receiver "prometheus/x" does nothing: no pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'a key of a processor that nothing uses is misspelt',
    { processors: 'batch/x: { timout: 5s }' },
    ['error: c.yml:5:14: unknown key "timout" in processors.batch/x; did you mean ' +
      '"timeout"? [CONFIG_UNKNOWN_KEY]',
     'warning: c.yml:5:3: processor "batch/x" does nothing: no pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'a key of an exporter that nothing uses is misspelt',
    { exporters: 'prometheusremotewrite/x: { endpont: "http://two/w" }' },
    ['error: c.yml:8:30: unknown key "endpont" in ' +
      'exporters.prometheusremotewrite/x; did you mean "endpoint"? ' +
      '[CONFIG_UNKNOWN_KEY]',
     'warning: c.yml:8:3: exporter "prometheusremotewrite/x" does nothing: no ' +
       'pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'an exporter that nothing uses lacks its endpoint',
    { exporters: 'prometheusremotewrite/x: { auth: { authenticator: nobody } }' },
    ['error: c.yml:8:28: exporter "prometheusremotewrite/x" needs an "endpoint" [CONFIG_VALUE]',
     'warning: c.yml:8:3: exporter "prometheusremotewrite/x" does nothing: no ' +
       'pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'an exporter to a file that nothing uses lacks its path',
    { exporters: 'file: {}' },
    ['error: c.yml:8:9: exporter "file" needs a "path" [CONFIG_VALUE]',
     'warning: c.yml:8:3: exporter "file" does nothing: no pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'a receiver of a task that nothing uses asks too often',
    { receivers: 'awsecscontainermetrics: { collection_interval: 1ms }' },
    ['error: c.yml:3:50: collection_interval must be at least 1s: agents take a sample ' +
      'once a second at best [CONFIG_VALUE]',
     'warning: c.yml:3:3: receiver "awsecscontainermetrics" does nothing: no pipeline uses ' +
       'it [CONFIG_NOTE]'],
  ],
  [
    'an extension that does not run has values that do not go together',
    { extensions: 'headers_setter: { headers: [{ value: a }] }' },
    ['error: c.yml:10:31: a header needs a "key", its name [CONFIG_VALUE]',
     'warning: c.yml:10:3: extension "headers_setter" does nothing: service.extensions does ' +
       'not name it [CONFIG_NOTE]'],
  ],
  [
    'a key of an extension that no exporter uses is misspelt',
    { extensions: 'sigv4auth: { regin: us-east-1 }', service: 'extensions: [sigv4auth]' },
    ['error: c.yml:10:16: unknown key "regin" in extensions.sigv4auth; did you mean ' +
      '"region"? [CONFIG_UNKNOWN_KEY]'],
  ],
  [
    'a type that nobody knows is refused where nothing uses it, too',
    { receivers: 'redis: {}' },
    ['error: c.yml:3:3: receiver "redis" is not built in; run an OpenTelemetry ' +
      'collector beside this one for receiver redis; --allow-partial leaves it out ' +
      '[CONFIG_UNSUPPORTED]'],
  ],
  [
    'a misspelt type is refused where nothing uses it, too',
    { exporters: 'prometheusremotewrit: {}' },
    ['error: c.yml:8:3: unknown exporter "prometheusremotewrit"; did you mean ' +
      '"prometheusremotewrite"? [CONFIG_UNKNOWN_KEY]'],
  ],
  [
    'a known component that is refused does no harm where nothing uses it',
    { exporters: 'kafka: {}' },
    ['warning: c.yml:8:3: exporter "kafka" does nothing: no pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'a processor of traces in a metrics pipeline is an error in every collector',
    { processors: 'tail_sampling: {}', used: ', processors: [tail_sampling]' },
    ['error: c.yml:14:90: processor "tail_sampling" is for traces, and no metrics ' +
      'pipeline can have it, in no collector; remove it from pipeline "metrics" ' +
      '[CONFIG_UNSUPPORTED]'],
  ],
  [
    'nothing after the slash of a name',
    { processors: 'batch/: {}' },
    ['error: c.yml:5:3: processor "batch/" has nothing after "/"; remove the "/", ' +
      'or write type/more [CONFIG_UNKNOWN_KEY]',
     'warning: c.yml:5:3: processor "batch/" does nothing: no pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'blanks around a name',
    { processors: '" batch": {}' },
    ['error: c.yml:5:3: processor " batch" has blanks around it; remove them [CONFIG_UNKNOWN_KEY]',
     'warning: c.yml:5:3: processor " batch" does nothing: no pipeline uses it [CONFIG_NOTE]'],
  ],
  [
    'no type before the slash of a name',
    { extensions: '/x: {}' },
    ['error: c.yml:10:3: extension "/x" has no type before "/" [CONFIG_UNKNOWN_KEY]',
     'warning: c.yml:10:3: extension "/x" does nothing: service.extensions does not ' +
       'name it [CONFIG_NOTE]'],
  ],
  [
    'a type with a dash',
    { receivers: 'prom-x: {}' },
    ['error: c.yml:3:3: receiver "prom-x" has a type that is not letters, digits ' +
      'and "_" after a letter, at most 63 [CONFIG_UNKNOWN_KEY]',
     'warning: c.yml:3:3: receiver "prom-x" does nothing: no pipeline uses it [CONFIG_NOTE]'],
  ],
  ['slashes and dashes after the first slash of a name',
    { processors: 'batch/a//b-c.d: {}', used: ', processors: [batch/a//b-c.d]' },
    ['warning: c.yml:5:3: processor "batch/a//b-c.d" has no effect: what is ' +
      'taken is queued on disk and sent in batches [CONFIG_NOTE]']],
  [
    'an unknown key of service',
    { service: 'pipeline: {}' },
    ['error: c.yml:12:3: unknown key "pipeline" in service; did you mean ' +
      '"pipelines"? [CONFIG_UNKNOWN_KEY]'],
  ],
] as const satisfies readonly (readonly [string, Parts, readonly string[]])[])
  test(`strict: ${what}`, async () => assert.deepEqual(await told(parts), expected)); // prettier-ignore

for (const [storage, extensions, service, expected] of [
  ['file_storage', '', '', /"extensions" does not define it; define it, or remove storage/],
  ['file_storage/x', 'file_storage/x:', '', /"service.extensions" does not name it; name it there/],
  ['pprof', 'pprof:', 'extensions: [pprof]', /storage "pprof" is an extension that stores nothing/],
  ['file_storage', 'file_storage:', 'extensions: [file_storage]', undefined],
] as const)
  test(`strict: a queue that is stored in ${storage}, with ${service || 'none'}`, async () => {
    const more = `sending_queue: { storage: ${storage} }`;
    const exporters = `prometheusremotewrite/x: { endpoint: "http://two/w", ${more} }`;
    const lines = await told({ exporters, extensions, service, exporter: 'prometheusremotewrite/x' });
    const errors = lines.filter((line) => line.startsWith('error'));
    assert.equal(errors.length, expected === undefined ? 0 : 1, errors.join('\n'));
    if (expected !== undefined) assert.match(errors[0] ?? '', expected);
  }); // prettier-ignore

test('strict: one exporter under both of its names is two exporters, as in the ' +
  'Collector', async () => {
  const lines = await told({ exporters: 'prometheus_remote_write: { endpoint: "http://two/w" }' });
  assert.deepEqual(lines, [
    'warning: c.yml:8:3: exporter "prometheus_remote_write" does nothing: no ' +
      'pipeline uses it [CONFIG_NOTE]',
  ]);
}); // prettier-ignore
