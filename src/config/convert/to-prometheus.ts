/**
 * A collector configuration as a Prometheus configuration: receivers become jobs, exporters entries
 * of remote_write, and processors their write_relabel_configs where they can be written as such. A
 * Prometheus configuration has one route, from all jobs to all entries; where pipelines are more
 * than that, there is no equivalent.
 */
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { typeOf } from '../otel/components.ts';
import { resolveExporter } from '../otel/exporters.ts';
import { resolveExtensions } from '../otel/extensions/resolve.ts';
import type { DocumentReading } from '../reading.ts';
import { type Conversion, Notes } from './notes.ts';
import { rulesOfProcessor } from './processor-rules.ts';
import { listSources, withPrometheusReferences } from './references.ts';
import type { WrittenRule } from './written-rule.ts';
import type { Mapping } from '../mapping.ts';

/** The sections of a collector configuration that was checked, references kept. */
export interface CollectorSections {
  readonly receivers?: Readonly<Record<string, Mapping | null>> | undefined;
  readonly processors?: Readonly<Record<string, Mapping | null>> | undefined;
  readonly exporters?: Readonly<Record<string, Mapping | null>> | undefined;
  readonly extensions?: Readonly<Record<string, Mapping | null>> | undefined;
  readonly service: {
    readonly extensions?: readonly string[] | undefined;
    readonly telemetry?: unknown;
    readonly pipelines: Readonly<Record<string, PipelineKeys>>;
  };
}

interface PipelineKeys {
  readonly receivers: readonly string[];
  readonly processors?: readonly string[] | undefined;
  readonly exporters: readonly string[];
}

const WRITERS = ['prometheusremotewrite', 'prometheus_remote_write', 'awsprometheusremotewrite'];

/** @param value  the document of a configuration that has no error, keys without value null */
export function convertToPrometheus(value: unknown, reading: DocumentReading): Conversion {
  const notes = new Notes();
  for (const scheme of listSources(value))
    notes.obstacle(`a Prometheus configuration has no \${${scheme}:…}: write what it names`);
  const sections = withPrometheusReferences(value) as CollectorSections;
  const pipelines = Object.entries(sections.service.pipelines).filter(([name]) => {
    const signal = typeOf(name);
    if (signal === 'traces')
      notes.obstacle(
        `pipeline "${name}": what it receives and sends is not converted; write its receivers ` +
          'awsxray as xray_receivers and its exporters awsxray as xray_write',
      );
    else if (signal !== 'metrics')
      notes.change(`pipeline "${name}" is gone: only metrics and traces are carried`);
    return signal === 'metrics';
  });
  const receivers = new Set(pipelines.flatMap(([, one]) => one.receivers));
  noteExtensions(sections, notes);
  checkOneRoute(pipelines, receivers, notes);
  const scraping = convertReceivers(sections, receivers, notes);
  const entries = pipelines.flatMap(([, pipeline]) => {
    const rules = (pipeline.processors ?? []).flatMap((name) =>
      convertProcessor(name, sections, notes),
    );
    return pipeline.exporters.flatMap((name) => {
      const entry = convertExporter(name, { sections, reading, notes });
      return entry === undefined ? [] : [withRules(entry, rules)];
    });
  });
  const document = { ...scraping, remote_write: entries };
  return { to: 'prometheus', document, changes: notes.changes, obstacles: notes.obstacles };
}

/** Notes where a job would need another set of entries than another job. */
function checkOneRoute(
  pipelines: readonly (readonly [string, PipelineKeys])[],
  receivers: ReadonlySet<string>,
  notes: Notes,
): void {
  const feeding = new Map<string, string>();
  for (const [name, { receivers: own, exporters }] of pipelines)
    for (const exporter of exporters) {
      const other = feeding.get(exporter);
      if (other !== undefined)
        notes.obstacle(
          `exporter "${exporter}" gets samples of pipelines "${other}" and "${name}", each with ` +
            'processors of its own; an entry of remote_write has one list of rules',
        );
      feeding.set(exporter, name);
      const lacking = [...receivers].find((one) => !own.includes(one));
      if (lacking !== undefined)
        notes.obstacle(
          `pipeline "${name}" leads to exporter "${exporter}" without receiver "${lacking}"; in ` +
            'a Prometheus configuration all jobs lead to all entries',
        );
    }
}

interface JobKeys {
  readonly job_name?: string;
  readonly [key: string]: unknown;
}

interface ScrapingKeys {
  readonly global?: Mapping;
  readonly scrape_configs?: readonly JobKeys[];
  readonly scrape_config_files?: readonly string[];
}

function convertReceivers(
  { receivers: all = {} }: CollectorSections,
  used: ReadonlySet<string>,
  notes: Notes,
): Record<string, unknown> {
  const scraping = [...used].flatMap((name): ScrapingKeys[] => {
    const { config, report_extra_scrape_metrics: extra } = all[name] ?? {};
    if (typeOf(name) !== 'prometheus') {
      notes.obstacle(`receiver "${name}" is no scrape job`);
      return [];
    }
    const keys = withoutNulls(config ?? {}) as ScrapingKeys;
    if (extra === undefined) return [keys];
    return [{ ...keys, global: { extra_scrape_metrics: extra, ...keys.global } }];
  });
  const [first] = scraping;
  if (scraping.length === 1 && first !== undefined) {
    if (first.global?.['external_labels'] !== undefined)
      notes.change(
        'external_labels are added where a series lacks them; the receiver replaces labels that ' +
          'it has',
      );
    return { ...first };
  }
  return { scrape_configs: joinJobs(scraping, notes) };
}

/** The jobs of several receivers; each job takes over what its receiver's `global` says. */
function joinJobs(scraping: readonly ScrapingKeys[], notes: Notes): readonly JobKeys[] {
  const names = new Set<string>();
  return scraping.flatMap(
    ({ global = {}, scrape_configs: jobs = [], scrape_config_files: files }) => {
      if (files !== undefined)
        notes.obstacle(
          'several receivers, of which one has scrape_config_files: write their jobs out',
        );
      const { external_labels: labels, evaluation_interval: _, ...shared } = global;
      const own = Object.entries((labels ?? {}) as Record<string, string>);
      return jobs.map((job): JobKeys => {
        const name = String(job.job_name);
        if (names.has(name))
          notes.obstacle(`two receivers have a job "${name}"; the names of jobs must be unique`);
        names.add(name);
        if (own.length === 0) return { ...shared, ...job };
        notes.change(
          'external_labels of one receiver are set by relabel_configs of its jobs: a series with ' +
            'a label of such a name keeps its own as exported_…, unless honor_labels is set',
        );
        const rules = own.map(([label, replacement]) => ({ target_label: label, replacement }));
        const before = (job['relabel_configs'] ?? []) as readonly WrittenRule[];
        return { ...shared, ...job, relabel_configs: [...before, ...rules] };
      });
    },
  );
}

function convertProcessor(
  name: string,
  { processors = {} }: CollectorSections,
  notes: Notes,
): readonly WrittenRule[] {
  const input = withoutNulls(processors[name] ?? {}) as Mapping;
  const rules = rulesOfProcessor(typeOf(name), input);
  if (!('reason' in rules)) {
    if (rules.length > 0)
      notes.change(
        `processor "${name}" sees names of metrics, its rules see names of series: a metric ` +
          'whose own name ends with _bucket, _sum or _count is taken for a part of one',
      );
    return rules;
  }
  notes.obstacle(`${rules.reason} ("${name}")`);
  return [];
}

interface ExporterContext {
  readonly sections: CollectorSections;
  readonly reading: DocumentReading;
  readonly notes: Notes;
}

function convertExporter(
  name: string,
  { sections, reading, notes }: ExporterContext,
): Mapping | undefined {
  const exporter = withoutNulls(sections.exporters?.[name] ?? {}) as Mapping;
  if (['debug', 'logging'].includes(typeOf(name))) {
    notes.change(`exporter "${name}" is gone: amperage prints no samples of this dialect`);
    return undefined;
  }
  if (!WRITERS.includes(typeOf(name))) {
    notes.obstacle(`exporter "${name}" is no remote_write`);
    return undefined;
  }
  noteNames(exporter, notes);
  const partial = { ...reading, allowsPartial: true };
  const report = reportAsObstacles(name, notes);
  const defined = withoutNulls(sections.extensions ?? {}) as Record<string, Mapping>;
  const { authenticators } = resolveExtensions(
    { extensions: defined, service: {} },
    new Set(sections.service.extensions),
    { baseDirectory: '', reading: partial, report },
  );
  const isDefined = (extension: string): boolean => Object.hasOwn(defined, extension);
  const writer = resolveExporter(name, exporter, {
    authenticators,
    isDefined,
    reading: partial,
    report,
  });
  return writer?.written;
}

/** Findings of a value whose references are kept, such as a timeout that the environment gives. */
function reportAsObstacles(name: string, notes: Notes): Reporter {
  const tell = (path: ConfigPath, message: string): void =>
    notes.obstacle(`exporter "${name}", ${path.slice(2).join('.')}: ${message}`);
  return {
    error: (path, _code, message) => tell(path, message),
    warn: () => undefined,
    lacks: (path, message) => tell(path, message),
    positionOf: () => '',
  };
}

function noteNames(exporter: Mapping, notes: Notes): void {
  if (exporter['add_metric_suffixes'] !== false)
    notes.change('names stay as they are exposed: a counter without _total gets none, and no unit');
  const { enabled } = (exporter['target_info'] ?? {}) as { readonly enabled?: boolean };
  if (enabled !== false) notes.change('there is no series target_info');
  const { enabled: isCopied } = (exporter['resource_to_telemetry_conversion'] ?? {}) as {
    readonly enabled?: boolean;
  };
  if (isCopied === true)
    notes.obstacle(
      'attributes of a resource as labels: add those that are wanted with relabel_configs',
    );
  if ((exporter['namespace'] ?? '') !== '')
    notes.obstacle('a prefix of all names: write it as metric_relabel_configs of the jobs');
}

function noteExtensions({ service }: CollectorSections, notes: Notes): void {
  for (const name of service.extensions ?? [])
    if (
      !/^(?:sigv4auth|basicauth|bearertokenauth|oauth2client|headers_setter|file_storage)\b/.test(
        name,
      )
    )
      notes.change(`extension "${name}" is gone: health and metrics are at --web.listen-address`);
  if (service.telemetry !== undefined)
    notes.change('service.telemetry is gone: see --log.level, --log.format, --web.listen-address');
}

function withRules(entry: Mapping, rules: readonly WrittenRule[]): Mapping {
  const own = (entry['write_relabel_configs'] ?? []) as readonly WrittenRule[];
  const all = [...rules, ...own];
  return all.length === 0 ? entry : { ...entry, write_relabel_configs: all };
}

/** Mapping without a value are absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}
