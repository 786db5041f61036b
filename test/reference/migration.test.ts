/**
 * The tables of docs/migrate-from-adot.md against the checks: each name of each row is put into a
 * configuration as small as can be, which must be taken, warned of or refused as the row says.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkConfigText } from '../../src/config/load.ts';
import type { Signal } from '../../src/sinks/sink.ts';
import { findKind } from '../../src/config/otel/kinds.ts';
import type { Section } from '../../src/config/otel/sections.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/migrate-from-adot.md'), 'utf8');

/** The components of ADOT 0.49, as its pkg/defaultcomponents/defaults.go lists them. */
const ADOT = {
  receivers: ['awsecscontainermetrics', 'awscontainerinsightreceiver', 'awsxray', 'statsd', 'prometheus',
    'kafka', 'jaeger', 'zipkin', 'otlp', 'filelog'],
  processors: ['groupbytrace', 'tail_sampling', 'attributes', 'resource', 'probabilistic_sampler', 'span',
    'filter', 'metricstransform', 'resourcedetection', 'metricsgeneration', 'cumulativetodelta', 'deltatorate',
    'batch', 'memory_limiter', 'k8sattributes'],
  exporters: ['awsemf', 'prometheusremotewrite', 'prometheus', 'file', 'kafka', 'debug', 'otlp', 'otlphttp',
    'awsxray', 'loadbalancing', 'awscloudwatchlogs', 'datadog', 'logzio', 'signalfx'],
  extensions: ['awsproxy', 'ecs_observer', 'health_check', 'pprof', 'sigv4auth', 'zpages', 'file_storage'],
} as const; // prettier-ignore

interface Row {
  readonly section: Section;
  readonly names: readonly string[];
  /** The pipeline in which it stands. */
  readonly signal: Signal;
  readonly here: string;
}

const SIGNALS = ['metrics', 'traces'] as const;

function readRows(): readonly Row[] {
  return page.split(/^### /m).flatMap((part) => {
    const section = (/^(\w+)/.exec(part)?.[1] ?? '').toLowerCase() as Section;
    return [...part.matchAll(/^\| (`.*?`) \| (.*) \|$/gm)].flatMap(([, names = '', cells = '']) =>
      cells.split(/(?<!\\) \| /).map((here, index) => ({
        section,
        names: names.split(', ').map((name) => name.slice(1, -1)),
        signal: SIGNALS[index] ?? 'metrics',
        here: here.replaceAll('\\|', '|').replaceAll('&lt;', '<'),
      })),
    );
  });
}

const rows = readRows().filter(({ section }) => Object.hasOwn(ADOT, section));

const WRITER = { endpoint: 'http://receiver/w' };
const FILE = { path: 'out.jsonl' };
/** Ends of a pipeline that are built in. */
const ENDS = {
  metrics: { receiver: 'prometheus', exporter: 'prometheusremotewrite' },
  traces: { receiver: 'awsxray', exporter: 'debug' },
} as const;
const OTLP = { protocols: { http: {} } };
const LISTENER = { endpoint: '0.0.0.0:2000' };
const SCRAPER = { config: { scrape_configs: [{ job_name: 'app' }] } };

/** A configuration with one pipeline, in which the component is used as its section says. */
function smallest(section: Section, name: string, signal: Signal): string {
  const minimal = findKind(section, name)?.minimal ?? {};
  const isWriter = section === 'exporters';
  // Remote write takes no increases.
  const makesIncreases = name.startsWith('cumulative');
  // Segments become no spans.
  const isOtlp = isWriter && signal === 'traces' && name.startsWith('otlp');
  const receiver = isOtlp ? 'otlp' : ENDS[signal].receiver;
  const exporter = makesIncreases && signal === 'metrics' ? 'file' : ENDS[signal].exporter;
  const exporters = { file: FILE, prometheusremotewrite: WRITER, debug: {} };
  const config = {
    receivers:
      section === 'receivers'
        ? { [name]: minimal }
        : { [receiver]: isOtlp ? OTLP : signal === 'metrics' ? SCRAPER : LISTENER },
    processors: section === 'processors' ? { [name]: minimal } : {},
    exporters: isWriter ? { [name]: minimal } : { [exporter]: exporters[exporter] },
    extensions: section === 'extensions' ? { [name]: minimal } : {},
    service: {
      extensions: section === 'extensions' ? [name] : [],
      pipelines: {
        [signal]: {
          receivers: [section === 'receivers' ? name : receiver],
          processors: section === 'processors' ? [name] : [],
          exporters: [isWriter ? name : exporter],
        },
      },
    },
  };
  return JSON.stringify(config, null, 1);
}

test('every component of ADOT 0.49 has its row, under the name that ADOT has first', () => {
  for (const [section, names] of Object.entries(ADOT))
    for (const name of names)
      assert.ok(
        rows.some((row) => row.section === section && row.names[0] === name),
        `${section} ${name}`,
      );
});

test('no name is in two rows of a section', () => {
  const once = rows.filter(({ signal }) => signal === 'metrics');
  const names = once.flatMap((row) => row.names.map((name) => `${row.section} ${name}`));
  assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []);
}); // prettier-ignore

for (const { section, names, signal, here } of rows)
  test(`${section} ${names[0]} in ${signal}: ${here}`, async () => {
    for (const name of names) {
      const text = smallest(section, name, signal);
      const env = { AWS_REGION: 'us-east-1' };
      const { plan, findings } = await checkConfigText(text, '/nowhere/c.json', { env });
      const lines = text.split('\n');
      const start = lines.findIndex((one) => one.startsWith(` "${section}":`));
      const line = lines.findIndex((one, at) => at > start && one.startsWith(`  "${name}":`)) + 1;
      const told = findings.map((one) => `${one.severity} ${one.line}: ${one.message}`);
      if (here === '–') {
        const use = lines.findIndex((one) => one.includes(`"pipelines"`));
        const of =
          /(?:gives|takes) [a-z ]+, and pipeline "\w+" is of|is for [a-z ]+, and no \w+ pipeline/;
        const errors = findings.filter((one) => one.severity === 'error');
        assert.equal(errors.length, 1, told.join('\n'));
        assert.match(errors[0]?.message ?? '', of);
        assert.ok((errors[0]?.line ?? 0) > use, 'it is told where the pipeline names it');
        continue;
      }
      const [fate = '', advice = ''] = here.split(/(?<=^(?:refused|no effect)): /);
      if (fate === 'refused') {
        assert.equal(plan, undefined, `${name} is refused, says the page`);
        const [error] = findings.filter((one) => one.severity === 'error');
        assert.ok((error?.line ?? 0) >= line, told.join('\n'));
        assert.ok(error?.message.includes(advice), told.join('\n'));
        continue;
      }
      assert.ok(plan, `${name}: ${told.join('\n')}`);
      assert.equal(plan.routes.length, 1);
      if (fate === 'no effect')
        assert.deepEqual(
          told.map((one) => one.replace(' in a pipeline of traces', '')),
          [`warning ${line}: ${section.slice(0, -1)} "${name}" has no effect: ${advice}`],
        );
      else assert.match(here, /^(?:yes$|as )/);
      // What is taken over as it is has nothing to be warned of, but for segments beside spans.
      const untold = told.filter((one) => !one.includes('act on spans alone'));
      if (here === 'yes') assert.deepEqual(untold, []);
    }
  });
