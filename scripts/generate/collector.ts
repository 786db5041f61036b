/**
 * Builds the tree of keys of the Collector's dialect. The frame comes from the schema; each section
 * gets the components that the table knows, with the keys of those that are taken over.
 */
import { collectorSchema } from '../../src/config/otel/document.ts';
import { fateOf, findKind, knownTypes } from '../../src/config/otel/kinds.ts';
import { receiverConfigSchema, receiverSchema } from '../../src/config/otel/receivers.ts';
import { type Section, SECTIONS } from '../../src/config/otel/sections.ts';
import { type SchemaNode, buildTree } from './schema-tree.ts';

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

const USERS: Readonly<Record<Section, string>> = {
  receivers: 'a pipeline uses',
  processors: 'a pipeline uses',
  exporters: 'a pipeline uses',
  connectors: 'a pipeline uses',
  extensions: 'service.extensions names',
};

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
      return {
        description: `Refused where ${USERS[section]} it: ${fate.instead}.`,
        fate: 'idle',
      };
    case 'done': {
      const kind = findKind(section, type);
      if (kind === undefined) throw new Error(`BUG: ${section} ${type} is done, and no kind`);
      // The keys of its block "config" have a page of their own.
      const tree = kind.schema === receiverSchema ? buildReceiverTree() : buildTree(kind.schema);
      const as = kind.as === undefined ? '' : `, as ${kind.as}`;
      return { ...tree, description: `Taken over${as}.` };
    }
  }
}
