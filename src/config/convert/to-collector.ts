/**
 * A Prometheus configuration as a collector configuration: one receiver with all jobs, an exporter
 * for each entry of remote_write with its authenticator as an extension, one pipeline. Pure.
 */
import { type Conversion, Notes } from './notes.ts';
import { withCollectorReferences } from './references.ts';
import { convertEntry } from './remote-write-entry.ts';
import type { Mapping } from '../mapping.ts';

/** @param value  the document of a Prometheus configuration that has no error */
export function convertToCollector(value: unknown): Conversion {
  const notes = new Notes();
  const {
    global = {},
    scrape_configs: jobs,
    scrape_config_files: files,
    remote_write: entries = [],
    ...others
  } = value as Mapping & {
    readonly global?: Mapping;
    readonly scrape_configs?: readonly Mapping[];
    readonly remote_write?: readonly Mapping[];
  };
  for (const key of Object.keys(others))
    if (key === 'storage' || key === 'runtime') notes.change(`"${key}" is gone: it has no effect`);
    else if (key === 'xray_receivers' || key === 'xray_write')
      notes.obstacle(
        `"${key}" is not converted: write ${key === 'xray_write' ? 'an exporter' : 'receivers'} ` +
          'awsxray and a pipeline of traces',
      );
    else notes.obstacle(`"${key}" has no counterpart in a collector configuration`);
  const { external_labels: labels, ...shared } = global;
  const writers = entries.map((entry, index) =>
    convertEntry(entry, {
      index,
      count: entries.length,
      labels: labels as Mapping | undefined,
      notes,
    }),
  );
  if (writers.length === 0) notes.obstacle('no remote_write: a pipeline needs an exporter');
  const dropping = writers.flatMap(({ rules }) => rules);
  const config = {
    ...(Object.keys(shared).length === 0 ? {} : { global: shared }),
    ...(files === undefined ? {} : { scrape_config_files: files }),
    ...(jobs === undefined ? {} : { scrape_configs: withRules(jobs, dropping) }),
  };
  if (dropping.length > 0 && (entries.length > 1 || files !== undefined))
    notes.obstacle(
      'write_relabel_configs beside another entry, or with scrape_config_files: an exporter has ' +
        'no rules of its own',
    );
  else if (dropping.length > 0)
    notes.change(
      'write_relabel_configs became metric_relabel_configs of the jobs: they see no external ' +
        'labels, and neither up nor the other series of the scrape itself',
    );
  if (files !== undefined)
    notes.change('files of scrape_config_files are read as Prometheus has them, with single $');
  for (const key of listOwnKeys(jobs)) notes.change(`"${key}" is read by amperage alone`);
  const extensions = Object.assign({}, ...writers.map((one) => one.extensions)) as Mapping;
  const document = {
    receivers: { prometheus: { config: withCollectorReferences(config) } },
    exporters: withCollectorReferences(
      Object.fromEntries(writers.map(({ name, exporter }) => [name, exporter])),
    ),
    ...(Object.keys(extensions).length === 0
      ? {}
      : { extensions: withCollectorReferences(extensions) }),
    service: {
      ...(Object.keys(extensions).length === 0 ? {} : { extensions: Object.keys(extensions) }),
      pipelines: {
        metrics: { receivers: ['prometheus'], exporters: writers.map(({ name }) => name) },
      },
    },
  };
  return { to: 'collector', document, changes: notes.changes, obstacles: notes.obstacles };
}

function withRules(jobs: readonly Mapping[], rules: readonly unknown[]): readonly Mapping[] {
  if (rules.length === 0) return jobs;
  return jobs.map((job) => ({
    ...job,
    metric_relabel_configs: [...((job['metric_relabel_configs'] ?? []) as unknown[]), ...rules],
  }));
}

/** Mapping of jobs that no other collector knows. */
function listOwnKeys(jobs: readonly Mapping[] | undefined): readonly string[] {
  const keys = new Set((jobs ?? []).flatMap((job) => Object.keys(job)));
  return [...keys].filter((key) => key.startsWith('amperage_'));
}
