/**
 * Builds the tree of keys of the Collector's dialect. The frame comes from the schema; each section
 * gets the components that the table knows, with the keys of those that are taken over.
 */
import { basicSchema, bearerSchema, sigv4Schema } from '../../src/config/otel/authenticators.ts';
import { fateOf, knownTypes, SECTIONS, type Section } from '../../src/config/otel/components.ts';
import { collectorSchema } from '../../src/config/otel/document.ts';
import { exporterSchema } from '../../src/config/otel/exporter-schema.ts';
import { findProcessor } from '../../src/config/otel/processors/processors.ts';
import { receiverConfigSchema, receiverSchema } from '../../src/config/otel/receivers.ts';
import { taskMetricsKind } from '../../src/config/otel/task-metrics.ts';
import { type SchemaNode, buildTree } from './schema-tree.ts';

/** Component type → how its tree of keys is built. Only components that are taken over are here. */
const COMPONENTS: Readonly<Record<string, () => SchemaNode>> = {
  prometheus: buildReceiverTree,
  ...Object.fromEntries(
    taskMetricsKind.names.map((name) => [name, () => buildTree(taskMetricsKind.schema)]),
  ),
  prometheusremotewrite: () => buildTree(exporterSchema),
  prometheus_remote_write: () => buildTree(exporterSchema),
  awsprometheusremotewrite: () => buildTree(exporterSchema),
  sigv4auth: () => buildTree(sigv4Schema),
  basicauth: () => buildTree(basicSchema),
  bearertokenauth: () => buildTree(bearerSchema),
};

export function buildCollectorTree(): SchemaNode {
  const frame = buildTree(collectorSchema);
  const sections = SECTIONS.map((section): [Section, SchemaNode] => [
    section,
    {
      description: frame.properties?.[section]?.description ?? '',
      type: 'object',
      patternProperties: listComponents(section),
    },
  ]);
  return { ...frame, properties: { ...frame.properties, ...Object.fromEntries(sections) } };
}

function buildReceiverTree(): SchemaNode {
  const tree = buildTree(receiverSchema);
  const config = buildTree(receiverConfigSchema);
  const description = tree.properties?.['config']?.description ?? '';
  return {
    ...tree,
    properties: { ...tree.properties, config: { ...config, description, page: 'prometheus' } },
  };
}

/** Types with the same fate and the same keys share one pattern. */
function listComponents(section: Section): Record<string, SchemaNode> {
  const groups = new Map<string, { readonly types: string[]; readonly node: SchemaNode }>();
  for (const type of knownTypes(section)) {
    const node = makeNode(section, type);
    const key = JSON.stringify(node);
    const group = groups.get(key) ?? { types: [], node };
    group.types.push(type);
    groups.set(key, group);
  }
  return Object.fromEntries(
    [...groups.values()].map(({ types, node }) => [`^(?:${types.join('|')})(?:/.*)?$`, node]),
  );
}

function makeNode(section: Section, type: string): SchemaNode {
  const fate = fateOf(section, type);
  if (fate === undefined) throw new Error(`BUG: the table has no ${section} ${type}`);
  switch (fate.is) {
    case 'idle':
      return { description: `Accepted, without effect: ${fate.why}.`, fate: 'idle' };
    case 'lacking':
      // The loader accepts such a component if no pipeline uses it, so an editor must not refuse
      // it.
      return { description: `Refused where a pipeline uses it: ${fate.instead}.`, fate: 'idle' };
    case 'done': {
      const processor = section === 'processors' ? findProcessor(type) : undefined;
      const make = processor === undefined ? COMPONENTS[type] : () => buildTree(processor.schema);
      if (make === undefined)
        throw new Error(
          `${section} ${type} is taken over, but its keys are not known here; ` +
            'add it to COMPONENTS in scripts/generate/collector.ts',
        );
      return { ...make(), description: 'Taken over.' };
    }
  }
}
