/**
 * Conditions and statements of OTTL as functions of a series. Pure.
 *
 * In the Collector a group of statements runs once for each item of its context. Here it runs once
 * for each series. Where that could make a difference, because a statement changes what several
 * series share, it is refused, and says in which context to write it.
 * Source: contrib's pkg/ottl/parser.go
 */
import { readArguments } from './arguments.ts';
import { inferContext } from './contexts.ts';
import { editors } from './editors.ts';
import { compileCondition, makeSource, refuseFunction } from './expressions.ts';
import { OttlEvaluationError, OttlUnsupportedError } from './fault.ts';
import type { Place } from './paths.ts';
import { parseCondition } from './parser.ts';
import { type Context, CONTEXTS, type Subject } from './subject.ts';
import type { ConditionNode, StatementNode } from './syntax.ts';

/** What an error of evaluation does: `propagate` drops the series, the others go on. */
export const ERROR_MODES = ['ignore', 'silent', 'propagate'] as const;
export type ErrorMode = (typeof ERROR_MODES)[number];

/** Whether a series is meant. @throws OttlEvaluationError */
export type Condition = (subject: Subject) => boolean;

/** Changes a series. @throws OttlEvaluationError */
export type Statement = (subject: Subject) => void;

/** Thrown by an error of evaluation under `propagate`. */
export class SeriesDropped extends Error {}

/**
 * Parses a condition, and infers its context where none is given.
 *
 * @throws OttlSyntaxError, OttlUnsupportedError
 */
export function makeCondition(
  text: string,
  given?: Context,
): { readonly context: Context; readonly test: Condition } {
  const node = parseCondition(text);
  const context = given ?? inferContext([node]);
  const rules = { context, allowsBare: given !== undefined, onRead: () => undefined };
  return { context, test: compileCondition(node, rules) };
}

/** Whether one of some conditions is true, with what an error of evaluation does. */
export function anyOf(conditions: readonly Condition[], mode: ErrorMode): Condition {
  return (subject) =>
    conditions.some((condition) => guard(() => condition(subject), mode) ?? false);
}

/** Runs statements one after another. */
export function runAll(statements: readonly Statement[], mode: ErrorMode): Statement {
  return (subject) => {
    for (const statement of statements) guard(() => statement(subject), mode);
  };
}

/** @throws SeriesDropped for an error of evaluation under `propagate` */
function guard<Result>(act: () => Result, mode: ErrorMode): Result | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof OttlEvaluationError)) throw error;
    if (mode === 'propagate') throw new SeriesDropped(error.message, { cause: error });
    return undefined;
  }
}

/** Makes the statements of one group, which share a context. */
export class StatementGroup {
  readonly context: Context;
  readonly #allowsBare: boolean;
  /** Names of the places that statements so far have read. */
  readonly #read = new Set<string>();
  /** Whose places the group's conditions read. */
  readonly #ofConditions = new Set<Context>();

  /** @param nodes  all of the group; the context is inferred of them where none is given */
  constructor(context: Context | undefined, nodes: readonly (ConditionNode | StatementNode)[]) {
    this.context = context ?? inferContext(nodes);
    this.#allowsBare = context !== undefined;
  }

  /** @throws OttlSyntaxError, OttlUnsupportedError */
  addCondition(node: ConditionNode): Condition {
    const rules = this.#rules(({ name, owner }) => {
      this.#read.add(name);
      this.#ofConditions.add(owner);
    });
    return compileCondition(node, rules);
  }

  /**
   * @param onIdle  takes the reason, where a statement changes no sample
   * @throws OttlSyntaxError, OttlUnsupportedError
   */
  addStatement({ editor, where }: StatementNode, onIdle: (reason: string) => void): Statement {
    const found = Object.hasOwn(editors, editor.name) ? editors[editor.name] : undefined;
    if (found === undefined) refuseFunction(editor);
    const read: Place[] = [];
    const rules = this.#rules((place) => void read.push(place));
    const test = where && compileCondition(where, rules);
    const inConditions = read.splice(0);
    const given = readArguments(editor, found.parameters, makeSource(rules));
    const { place } = given.target(0);
    read.splice(0);
    const edit = found.create(given);
    const ofItself = read.filter(({ name }) => name === place.name).length;
    const repeats = !found.isIdempotent || ofItself > (editor.name === 'set' ? 0 : 1);
    const reads = [...inConditions, ...read].map(({ owner }) => owner);
    this.#checkShared(place, { reads, repeats, offset: editor.offset });
    for (const { name } of [...inConditions, ...read]) this.#read.add(name);
    if (place.idle !== undefined) onIdle(place.idle);
    if (test === undefined) return edit;
    return (subject) => {
      if (test(subject)) edit(subject);
    };
  }

  #rules(onRead: (place: Place) => void) {
    return { context: this.context, allowsBare: this.#allowsBare, onRead };
  }

  /**
   * Refuses a change of what several items of the context share, unless each would make the same.
   */
  #checkShared(
    { name, owner }: Place,
    edit: {
      readonly reads: readonly Context[];
      readonly repeats: boolean;
      readonly offset: number;
    },
  ): void {
    if (rank(owner) >= rank(this.context)) return;
    const reads = [...this.#ofConditions, ...edit.reads];
    const isMixed = reads.some((context) => rank(context) > rank(owner));
    if (isMixed)
      throw new OttlUnsupportedError(
        `${name} is one for all data points, and this would make it depend on each of them; ` +
          `write it in a group of its own with "context: ${owner}", of paths of that context`,
        edit.offset,
      );
    if (edit.repeats || this.#read.has(name))
      throw new OttlUnsupportedError(
        `${name} would be changed once for each ${this.context}; write it with "context: ${owner}"`,
        edit.offset,
      );
  }
}

function rank(context: Context): number {
  return CONTEXTS.indexOf(context);
}
