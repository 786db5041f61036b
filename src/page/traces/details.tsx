/**
 * What a row of the timeline tells when it is opened: its times, its exceptions with their stacks,
 * and the other members of its document. All of it as text.
 */
import { useMemo } from 'preact/hooks';
import { listExceptions, listSections } from './entity-members.ts';
import type { Entity } from './document.ts';
import { formatDuration } from './layout.ts';
import type { TreeNode } from './tree.ts';

export function RowDetails({ node, traceStartS }: { node: TreeNode; traceStartS: number }) {
  const { entity } = node;
  if (entity === undefined)
    return (
      <div class="told">
        <p>
          Parts of this trace name {node.id} as their parent. It was not sampled or not sent, or it
          is on its way.
        </p>
      </div>
    );
  return <EntityDetails entity={entity} node={node} traceStartS={traceStartS} />;
}

interface EntityDetailsProps {
  readonly entity: Entity;
  readonly node: TreeNode;
  readonly traceStartS: number;
}

function EntityDetails({ entity, node, traceStartS }: EntityDetailsProps) {
  const exceptions = useMemo(() => listExceptions(entity), [entity]);
  const sections = useMemo(() => listSections(entity), [entity]);
  return (
    <div class="told">
      <p>{describeEntity(entity, node, traceStartS).join(' · ')}</p>
      {exceptions.map(({ type, message, isRemote, stack }, index) => (
        <div key={index} class="exception">
          <p>
            <b>{type}</b> {message}{' '}
            {isRemote ? <small>in the service that was called</small> : null}
          </p>
          {stack === '' ? null : (
            <pre tabIndex={0} aria-label="Stack">
              {stack}
            </pre>
          )}
        </div>
      ))}
      {sections.map(({ title, entries }) => (
        <div key={title}>
          <h4>{title}</h4>
          <dl>
            {entries.map(([name, value], index) => (
              <div key={index}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
    </div>
  );
}

function describeEntity(entity: Entity, node: TreeNode, traceStartS: number): string[] {
  const { kind, id, origin, http, startS, endS } = entity;
  return [
    `${kind} ${id || 'without an id'}`,
    ...(origin === '' ? [] : [origin]),
    ...(http === '' ? [] : [http]),
    `begins at ${formatDuration(startS - traceStartS)}`,
    endS === undefined ? 'in progress' : `takes ${formatDuration(endS - startS)}`,
    ...(node.earlyS > 0
      ? [`began ${formatDuration(node.earlyS)} before its parent: their clocks differ`]
      : []),
    ...(node.isLooped ? ['names itself as its ancestor, so it stands at the top'] : []),
  ];
}
