/**
 * The Collector's dialect as a tree: its frame from the schema, and in each section the components
 * of the table, with the keys of those that are taken over.
 */
import { basicSchema, bearerSchema, sigv4Schema } from '../../src/config/otel/authenticators.ts';
import { fateOf, knownTypes, SECTIONS, type Section } from '../../src/config/otel/components.ts';
import { collectorSchema } from '../../src/config/otel/document.ts';
import { exporterSchema } from '../../src/config/otel/exporter-schema.ts';
import { receiverConfigSchema, receiverSchema } from '../../src/config/otel/receivers.ts';
import { type SchemaNode, buildTree } from './schema-tree.ts';

/** The keys of a component that is taken over, by its type. */
const COMPONENTS: Readonly<Record<string, () => SchemaNode>> = {
  prometheus: receiverTree,
  prometheusremotewrite: () => buildTree(exporterSchema),
  prometheus_remote_write: () => buildTree(exporterSchema),
  awsprometheusremotewrite: () => buildTree(exporterSchema),
  sigv4auth: () => buildTree(sigv4Schema),
  basicauth: () => buildTree(basicSchema),
  bearertokenauth: () => buildTree(bearerSchema),
};

export function collectorTree(): SchemaNode {
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

function receiverTree(): SchemaNode {
  const tree = buildTree(receiverSchema);
  const config = buildTree(receiverConfigSchema);
  const description = tree.properties?.['config']?.description ?? '';
  return {
    ...tree,
    properties: { ...tree.properties, config: { ...config, description, page: 'prometheus' } },
  };
}

/** Types of one fate, or of the same keys, stand together. */
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
      // One that no pipeline uses is let pass by the loader, so an editor may not refuse it.
      return { description: `Refused where a pipeline uses it: ${fate.instead}.`, fate: 'idle' };
    case 'done': {
      const make = COMPONENTS[type];
      if (make === undefined)
        throw new Error(
          `${section} ${type} is taken over, and scripts/generate knows no keys of it`,
        );
      return { ...make(), description: 'Taken over.' };
    }
  }
}
