/**
 * Which context the paths of some OTTL texts belong to, where none is given: the smallest that
 * they name. Pure.
 * Source: contrib's pkg/ottl/context_inferrer.go
 */
import { OttlSyntaxError } from './fault.ts';
import { findPath, namedContext } from './paths.ts';
import { type Context, CONTEXTS } from './subject.ts';
import type { ConditionNode, PathNode, StatementNode, ValueNode } from './syntax.ts';

/**
 * Infers a context.
 *
 * @throws OttlSyntaxError where no path says one, OttlUnsupportedError where one says another
 */
export function inferContext(nodes: readonly (ConditionNode | StatementNode)[]): Context {
  const paths = nodes.flatMap((node) => [...pathsOf(node)]);
  const named = new Set(paths.map(namedContext));
  const found = CONTEXTS.findLast((context) => named.has(context));
  if (found !== undefined) return found;
  // A path of a context that can't be done is refused by its name.
  for (const path of paths)
    if (namedContext(path) !== undefined)
      findPath(path, { context: 'datapoint', allowsBare: true });
  throw new OttlSyntaxError(
    'no path says which context it is in; begin them with "resource.", "metric." or "datapoint."',
    0,
  );
}

type AnyNode = ConditionNode | StatementNode | ValueNode;

function* pathsOf(node: AnyNode): Generator<PathNode> {
  if (!('kind' in node)) {
    yield* pathsOf(node.editor);
    if (node.where !== undefined) yield* pathsOf(node.where);
    return;
  }
  if (node.kind === 'path') yield node;
  for (const child of childrenOf(node)) yield* pathsOf(child);
}

function childrenOf(node: ConditionNode | ValueNode): readonly AnyNode[] {
  switch (node.kind) {
    case 'or':
    case 'and':
      return node.parts;
    case 'not':
      return [node.part];
    case 'comparison':
    case 'math':
      return [node.left, node.right];
    case 'test':
      return [node.call];
    case 'call':
      return [...node.arguments.map(({ value }) => value), ...node.keys];
    case 'path':
      return node.fields.flatMap(({ keys }) => keys);
    case 'list':
      return node.items;
    case 'map':
      return node.items.map(({ value }) => value);
    case 'negate':
      return [node.value];
    default:
      return [];
  }
}
