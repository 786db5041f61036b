/**
 * The kinds of all sections: the components that are built in, each with its names, the schema of
 * its keys and its least configuration. The dialect, its page of keys and the table of the
 * migration page derive from them. Components that are not built in: components.ts.
 */
import type { ComponentKind } from './component.ts';
import { FATE_ROWS, type Fate, typeOf, unbuiltFateOf } from './components.ts';
import { exporterKinds } from './exporter-kinds.ts';
import { exporterSchema } from './exporter-schema.ts';
import { extensionKinds } from './extensions/extensions.ts';
import { otlpReceiverKind } from './otlp-receivers.ts';
import { processorKinds } from './processors/processors.ts';
import { receiverSchema } from './receivers.ts';
import { type Section, SECTIONS } from './sections.ts';
import { statsdReceiverKind } from './statsd-receivers.ts';
import { traceReceiverKind } from './trace-receivers.ts';
import { taskMetricsKind } from './task-metrics.ts';

const receiverKinds: readonly ComponentKind[] = [
  {
    names: ['prometheus'],
    schema: receiverSchema,
    minimal: { config: { scrape_configs: [{ job_name: 'app' }] } },
  },
  taskMetricsKind,
  otlpReceiverKind,
  statsdReceiverKind,
  traceReceiverKind,
];

const remoteWriteKinds: readonly ComponentKind[] = [
  {
    names: ['prometheusremotewrite', 'prometheus_remote_write'],
    schema: exporterSchema,
    minimal: { endpoint: 'http://receiver/api/v1/write' },
  },
  {
    names: ['awsprometheusremotewrite'],
    schema: exporterSchema,
    as: 'prometheusremotewrite that signs with the credentials of the task',
    minimal: { endpoint: 'http://receiver/api/v1/write', aws_auth: { region: 'us-east-1' } },
  },
];

export const KINDS: Readonly<Record<Section, readonly ComponentKind[]>> = {
  receivers: receiverKinds,
  processors: processorKinds,
  exporters: [...remoteWriteKinds, ...exporterKinds],
  connectors: [],
  extensions: extensionKinds,
};

/** The kind of a component by its name or type, under any of its names. */
export function findKind(section: Section, name: string): ComponentKind | undefined {
  return KINDS_BY_TYPE[section].get(typeOf(name));
}

const KINDS_BY_TYPE = Object.fromEntries(
  SECTIONS.map((section) => [
    section,
    new Map(KINDS[section].flatMap((kind) => kind.names.map((name) => [name, kind] as const))),
  ]),
) as unknown as Readonly<Record<Section, ReadonlyMap<string, ComponentKind>>>;

/** Undefined for a type that neither kinds nor the table of the others name. */
export function fateOf(section: Section, name: string): Fate | undefined {
  return findKind(section, name) === undefined ? unbuiltFateOf(section, name) : { is: 'done' };
}

/** All types of a section: those of the kinds, then the others. */
export function knownTypes(section: Section): readonly string[] {
  return [...KINDS[section], ...FATE_ROWS[section]].flatMap(({ names }) => names);
}
