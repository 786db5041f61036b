/**
 * The timeline of a trace: a tree of rows, each with its bar on one scale. The keys are those of a
 * tree: arrows move, open and close, Home and End go to the ends, Enter and Space show what a row
 * has to tell. Rows keep their state when the trace is asked for again.
 * Source: https://www.w3.org/WAI/ARIA/apg/patterns/treeview/
 */
import { useMemo, useState } from 'preact/hooks';
import { RowDetails } from './details.tsx';
import { summarizeExceptions } from './entity-members.ts';
import {
  chooseClosed,
  chooseTicks,
  CHILDREN_STEP,
  formatDuration,
  listRows,
  type MoreRow,
  type NodeRow,
  placeBar,
  type Row,
} from './layout.ts';
import type { TraceTree } from './tree.ts';

/** Deeper levels are not indented further, so that names keep their place. */
const INDENT_LEVELS_MAX = 12;

export function Timeline({ tree }: { tree: TraceTree }) {
  // Chosen once: what the user has opened stays open when more of the trace comes.
  const [closed, setClosed] = useState(() => chooseClosed(tree));
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  const [told, setTold] = useState<ReadonlySet<string>>(new Set());
  const [focusKey, setFocusKey] = useState<string>();
  const rows = useMemo(() => listRows(tree, { closed, shown }), [tree, closed, shown]);
  const tabKey = rows.some((row) => readKey(row) === focusKey) ? focusKey : readKey(rows[0]);
  const showMore = ({ parentKey }: MoreRow): void =>
    setShown((all) =>
      new Map(all).set(parentKey, (all.get(parentKey) ?? CHILDREN_STEP) + CHILDREN_STEP),
    );
  const actions = useMemo(
    (): RowActions => ({
      focus: setFocusKey,
      switchOpen: (key) => setClosed((keys) => toggle(keys, key)),
      tell: (key) => setTold((keys) => toggle(keys, key)),
    }),
    [],
  );
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=treeitem]')];
    const at = items.findIndex((item) => item === event.target);
    const row = rows[at];
    // Keys within what a row tells, such as those that scroll it, are its own.
    if (row === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = findTarget(event.key, rows, at);
    if (to !== undefined) items[to]?.focus();
    else if (event.key === 'Enter' || event.key === ' ') {
      if (row.kind === 'node') actions.tell(row.node.key);
      else showMore(row);
    } else if (row.kind === 'node' && isSwitch(event.key, row)) actions.switchOpen(row.node.key);
    else return;
    event.preventDefault();
  };
  return (
    <div class="timeline">
      <Scale durationS={tree.endS - tree.startS} />
      <ul role="tree" aria-label="Segments and subsegments" onKeyDown={onKeyDown}>
        {rows.map((row) => {
          const key = readKey(row);
          const tabIndex = key === tabKey ? 0 : -1;
          return row.kind === 'more' ? (
            <li
              key={key}
              role="treeitem"
              aria-level={row.level}
              class="more"
              tabIndex={tabIndex}
              onFocus={() => setFocusKey(key)}
            >
              <span style={{ paddingLeft: indent(row.level) }} onClick={() => showMore(row)}>
                {row.hidden} more: show {Math.min(row.hidden, CHILDREN_STEP)}
              </span>
            </li>
          ) : (
            <KeptRow
              key={key}
              row={row}
              tree={tree}
              isTold={told.has(row.node.key)}
              tabIndex={tabIndex}
              actions={actions}
            />
          );
        })}
      </ul>
    </div>
  );
}

/** The key of a row among all rows; a row for more has the key of its parent, marked. */
function readKey(row: Row | undefined): string | undefined {
  if (row === undefined) return undefined;
  return row.kind === 'node' ? row.node.key : `+${row.parentKey}`;
}

function toggle(keys: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** The row that a key moves to. */
function findTarget(key: string, rows: readonly Row[], at: number): number | undefined {
  const row = rows[at];
  if (key === 'ArrowDown') return Math.min(at + 1, rows.length - 1);
  if (key === 'ArrowUp') return Math.max(at - 1, 0);
  if (key === 'Home') return 0;
  if (key === 'End') return rows.length - 1;
  if (key === 'ArrowRight' && row?.kind === 'node' && row.isOpen) return at + 1;
  const canClose = row?.kind === 'node' && row.isOpen;
  if (key !== 'ArrowLeft' || row === undefined || canClose) return undefined;
  const parent = rows.findLastIndex((other, index) => index < at && other.level < row.level);
  return parent < 0 ? undefined : parent;
}

/** Whether a key opens or closes the children of a row. */
function isSwitch(key: string, { node, isOpen }: NodeRow): boolean {
  return node.children.length > 0 && key === (isOpen ? 'ArrowLeft' : 'ArrowRight');
}

function indent(level: number): string {
  return `${Math.min(level - 1, INDENT_LEVELS_MAX) * 0.9}rem`;
}

function Scale({ durationS }: { durationS: number }) {
  return (
    <div class="scale" aria-hidden="true">
      <span />
      <span class="ticks">
        {chooseTicks(durationS).map((atS) => (
          <span key={atS} style={{ left: `${durationS > 0 ? (100 * atS) / durationS : 0}%` }}>
            {formatDuration(atS)}
          </span>
        ))}
      </span>
    </div>
  );
}

/** What a row does, by its key; the same object for as long as the timeline is shown. */
interface RowActions {
  readonly focus: (key: string) => void;
  readonly switchOpen: (key: string) => void;
  readonly tell: (key: string) => void;
}

interface TreeRowProps {
  readonly row: NodeRow;
  readonly tree: TraceTree;
  readonly isTold: boolean;
  readonly tabIndex: number;
  readonly actions: RowActions;
}

/**
 * A row that is drawn again only when it shows something else: with thousands of rows, a move of
 * the focus would otherwise draw all of them.
 */
function KeptRow(props: TreeRowProps) {
  const { row, tree, isTold, tabIndex, actions } = props;
  const { node, isOpen, level } = row;
  return useMemo(
    () => <TreeRow {...props} />,
    [node, isOpen, level, row.position, row.siblings, tree, isTold, tabIndex, actions],
  );
}

function TreeRow({ row, tree, isTold, tabIndex, actions }: TreeRowProps) {
  const { node, level, isOpen, position, siblings } = row;
  const { entity, children } = node;
  return (
    <li
      role="treeitem"
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={children.length === 0 ? undefined : isOpen}
      tabIndex={tabIndex}
      onFocus={() => actions.focus(node.key)}
    >
      <div class="row" onClick={() => actions.tell(node.key)}>
        <span class="what" style={{ paddingLeft: indent(level) }}>
          <span
            class="switch"
            aria-hidden="true"
            onClick={(event) => {
              event.stopPropagation();
              if (children.length > 0) actions.switchOpen(node.key);
            }}
          >
            {children.length === 0 ? '' : isOpen ? '▾' : '▸'}
          </span>
          <What row={row} />
        </span>
        {entity === undefined ? (
          <span class="lane" />
        ) : (
          <Lane tree={tree} startS={entity.startS} endS={entity.endS} marks={entity.marks} />
        )}
      </div>
      {isTold ? <RowDetails node={node} traceStartS={tree.startS} /> : null}
    </li>
  );
}

function What({ row: { node, isOpen } }: { row: NodeRow }) {
  const { entity } = node;
  if (entity === undefined) return <span class="missing">parent {node.id} did not come</span>;
  const where = entity.namespace || entity.origin;
  const exception = summarizeExceptions(entity);
  return (
    <>
      <span class={`entity ${entity.kind}`}>{entity.name}</span>
      {where === '' ? null : <small>{where}</small>}
      {entity.marks.map((mark) => (
        <span key={mark} class={`state-word ${mark === 'fault' ? 'bad' : 'warn'}`}>
          {mark}
        </span>
      ))}
      {exception === '' ? null : (
        <small class="cause" title={exception}>
          <span class="state-word bad">exception</span> {exception}
        </small>
      )}
      {entity.endS === undefined ? <span class="state-word">in progress</span> : null}
      {isOpen || node.children.length === 0 ? null : <small>({node.children.length})</small>}
    </>
  );
}

interface LaneProps {
  readonly tree: TraceTree;
  readonly startS: number;
  readonly endS: number | undefined;
  readonly marks: readonly string[];
}

/** The bar on the scale of the trace, and the duration beside it, on the side with more room. */
function Lane({ tree, startS, endS, marks }: LaneProps) {
  const { left, width } = placeBar(tree, startS, endS);
  const tone = marks.includes('fault') ? ' bad' : marks.length > 0 ? ' warn' : '';
  const text = endS === undefined ? '…' : formatDuration(endS - startS);
  const isLeft = left + width > 80 && left > 20;
  const isInside = left + width > 80 && !isLeft;
  const place = isLeft
    ? { right: `${100 - left}%` }
    : isInside
      ? { left: `${left}%` }
      : { left: `${left + width}%` };
  return (
    <span class="lane">
      <span
        class={`trace-bar${tone}${endS === undefined ? ' open' : ''}`}
        style={{ left: `${left}%`, width: `${width}%` }}
      />
      <span class={isInside ? 'length inside' : 'length'} style={place}>
        {text}
      </span>
    </span>
  );
}
