/**
 * Makes the tree of a trace out of its documents. An entity that came several times (in progress
 * and complete, embedded and apart) is one node; a parent that did not come is a node of its own,
 * above all that name it; entities that are parents of each other are cut apart. Clocks are not
 * corrected: a child that began before its parent says so. Pure.
 * Limits: ENTITIES_MAX entities and BROKEN_MAX broken documents; what is above is counted.
 */
import { type BrokenDocument, type Entity, readSegmentDocument } from './document.ts';

export const ENTITIES_MAX = 10_000;
const BROKEN_MAX = 100;
/** Less than this is the precision of times, not a clock that is off. */
const SKEW_MIN_S = 0.0005;

export interface TreeNode {
  /** Tells the node from all others of its trace, also in a later reading of it. */
  readonly key: string;
  /** Undefined for a parent that is not there. */
  readonly entity: Entity | undefined;
  /** The id of the entity; for a parent that is not there, the id that its children name. */
  readonly id: string;
  readonly children: readonly TreeNode[];
  /** When it began; of a parent that is not there, when its first child did. Seconds. */
  readonly startS: number;
  /** By how many seconds it began before its parent; 0 where it did not. */
  readonly earlyS: number;
  /** Whether it was its own ancestor, so that it stands at the top instead. */
  readonly isLooped: boolean;
}

export interface TraceTree {
  readonly roots: readonly TreeNode[];
  readonly broken: readonly BrokenDocument[];
  readonly startS: number;
  readonly endS: number;
  readonly segments: number;
  readonly subsegments: number;
  readonly missing: number;
  readonly inProgress: number;
  /** Entities and broken documents above the limits, which are not shown. */
  readonly omitted: number;
}

export function buildTraceTree(documents: readonly string[]): TraceTree {
  const entities = new Map<string, Entity>();
  const broken: BrokenDocument[] = [];
  let omitted = 0;
  for (const [index, document] of documents.entries()) {
    const reading = readSegmentDocument(document, ENTITIES_MAX - entities.size);
    for (const [place, entity] of reading.entities.entries()) {
      // An entity without an id can be nobody's parent; where it stood tells it from others.
      const key = entity.id === '' ? `#${index}.${place}` : `=${entity.id}`;
      const before = entities.get(key);
      entities.set(key, before === undefined ? entity : mergeEntities(before, entity));
    }
    const taken = reading.broken.slice(0, BROKEN_MAX - broken.length);
    broken.push(...taken);
    omitted += reading.omitted + reading.broken.length - taken.length;
  }
  return { ...linkEntities(entities), broken, omitted };
}

/** Of two readings of one entity the complete one counts, then the one that ended later. */
function mergeEntities(before: Entity, after: Entity): Entity {
  const isBeforeBetter = (before.endS ?? -1) > (after.endS ?? -1);
  const [better, other] = isBeforeBetter ? [before, after] : [after, before];
  // A subsegment that is embedded in one document and sent apart has its parent in either.
  return better.parentId === '' ? { ...better, parentId: other.parentId } : better;
}

type Linked = Omit<TraceTree, 'broken' | 'omitted'>;

function linkEntities(entities: ReadonlyMap<string, Entity>): Linked {
  const parents = new Map<string, string>();
  for (const [key, { parentId }] of entities) if (parentId !== '') parents.set(key, `=${parentId}`);
  const looped = cutLoops(parents);
  const childrenOf = new Map<string, string[]>();
  const tops: string[] = [];
  for (const key of entities.keys()) {
    const parent = parents.get(key);
    if (parent === undefined) tops.push(key);
    else if (childrenOf.get(parent)?.push(key) === undefined) childrenOf.set(parent, [key]);
  }
  const missing = [...childrenOf.keys()].filter((key) => !entities.has(key));
  const roots = makeNodes([...tops, ...missing], { entities, childrenOf, looped });
  const all = [...entities.values()];
  // No spread into Math.min: it takes arguments, and there may be ten thousand.
  const startS = all.reduce((least, { startS: at }) => Math.min(least, at), Infinity);
  const endS = all.reduce((most, entity) => Math.max(most, entity.endS ?? entity.startS), 0);
  return {
    roots,
    startS: all.length === 0 ? 0 : startS,
    endS,
    segments: all.filter(({ kind }) => kind === 'segment').length,
    subsegments: all.filter(({ kind }) => kind === 'subsegment').length,
    missing: missing.length,
    inProgress: all.filter((entity) => entity.endS === undefined).length,
  };
}

/** Takes one link out of each ring of parents. @returns the entities that lost their parent */
function cutLoops(parents: Map<string, string>): ReadonlySet<string> {
  const looped = new Set<string>();
  const done = new Set<string>();
  // A link that is taken out on the way is one that has been walked.
  for (const start of parents.keys()) {
    const path = new Set<string>();
    let key: string | undefined = start;
    while (key !== undefined && !done.has(key) && !path.has(key)) {
      path.add(key);
      key = parents.get(key);
    }
    if (key !== undefined && path.has(key)) {
      parents.delete(key);
      looped.add(key);
    }
    for (const seen of path) done.add(seen);
  }
  return looped;
}

interface Links {
  readonly entities: ReadonlyMap<string, Entity>;
  readonly childrenOf: ReadonlyMap<string, readonly string[]>;
  readonly looped: ReadonlySet<string>;
}

type Growing = TreeNode & { children: TreeNode[] };

/** Makes the nodes from the top down, without recursion, and sorts children by their start. */
function makeNodes(tops: readonly string[], links: Links): TreeNode[] {
  const roots: Growing[] = [];
  const open: { key: string; parent: Growing | undefined }[] = [];
  for (const key of tops) open.push({ key, parent: undefined });
  const made: Growing[] = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { key, parent } = next;
    const node = makeNode(key, parent, links);
    made.push(node);
    (parent?.children ?? roots).push(node);
    for (const child of links.childrenOf.get(key) ?? []) open.push({ key: child, parent: node });
  }
  for (const { children } of made) children.sort(compareNodes);
  return roots.sort(compareNodes);
}

function makeNode(key: string, parent: Growing | undefined, links: Links): Growing {
  const entity = links.entities.get(key);
  const starts = entity === undefined ? (links.childrenOf.get(key) ?? []) : [key];
  const startS = starts.reduce(
    (least, start) => Math.min(least, links.entities.get(start)?.startS ?? Infinity),
    Infinity,
  );
  const earlyS = parent?.entity === undefined ? 0 : parent.startS - startS;
  return {
    key,
    entity,
    id: key.startsWith('=') ? key.slice(1) : '',
    children: [],
    startS,
    earlyS: earlyS < SKEW_MIN_S ? 0 : earlyS,
    isLooped: links.looped.has(key),
  };
}

function compareNodes(a: TreeNode, b: TreeNode): number {
  return a.startS - b.startS || (a.key < b.key ? -1 : 1);
}
