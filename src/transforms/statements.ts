/**
 * Changes series by statements of OTTL, as contrib's transformprocessor does. Pure.
 * Source: contrib's processor/transformprocessor
 */
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';
import { parseCondition, parseStatement } from './ottl/parser.ts';
import {
  anyOf,
  type ErrorMode,
  runAll,
  SeriesDropped,
  type Statement,
  StatementGroup,
} from './ottl/program.ts';
import { closeSubject, type Context, openSubject, openCaches } from './ottl/subject.ts';

export interface StatementsGroup {
  /** Absent: the paths of all texts together say which context they are in. */
  readonly context: Context | undefined;
  /** The statements run for a series for which one is true, or where there is none. */
  readonly conditions: readonly string[];
  readonly statements: readonly string[];
  readonly errorMode: ErrorMode;
  /** Whether its cache is that of the other groups that share theirs. */
  readonly sharesCache: boolean;
}

/** Takes what is wrong with, or without effect in, one of the texts of a group. */
export interface TextReporter {
  fault(kind: 'conditions' | 'statements', index: number, error: unknown): void;
  idle(index: number, reason: string): void;
}

/**
 * The transform; undefined where nothing is left to do. A text that has a fault is left out, and a
 * condition that has one with its whole group.
 */
export function runStatements(
  groups: readonly StatementsGroup[],
  reportOf: (group: number) => TextReporter,
): SeriesTransform | undefined {
  const made = groups.map((group, index) => makeGroup(group, reportOf(index)));
  if (made.every((run) => run === undefined)) return undefined;
  return {
    identity: formatIdentity('statements', { groups: JSON.stringify(groups) }),
    change: ({ point }) => {
      const subject = openSubject(point);
      try {
        for (const [index, run] of made.entries())
          run?.(
            groups[index]?.sharesCache === true ? subject : { ...subject, caches: openCaches() },
          );
      } catch (error) {
        if (error instanceof SeriesDropped) return 'dropped';
        throw error;
      }
      closeSubject(subject);
      return 'changed';
    },
  };
}

function makeGroup(
  { context, conditions, statements, errorMode }: StatementsGroup,
  report: TextReporter,
): Statement | undefined {
  const attempt = <Made>(
    kind: 'conditions' | 'statements',
    index: number,
    make: () => Made,
  ): Made | undefined => {
    try {
      return make();
    } catch (error) {
      report.fault(kind, index, error);
      return undefined;
    }
  };
  const tests = conditions.map((text, at) => attempt('conditions', at, () => parseCondition(text)));
  const edits = statements.map((text, at) => attempt('statements', at, () => parseStatement(text)));
  const nodes = [...tests, ...edits].filter((node) => node !== undefined);
  if (nodes.length === 0) return undefined;
  const group = attempt('statements', 0, () => new StatementGroup(context, nodes));
  if (group === undefined) return undefined;
  const isMeant = tests.map((node, at) =>
    attempt('conditions', at, () => node && group.addCondition(node)),
  );
  const changes = edits.map((node, at) => {
    const onIdle = (reason: string): void => report.idle(at, reason);
    return attempt('statements', at, () => node && group.addStatement(node, onIdle));
  });
  const run = runAll(
    changes.filter((change) => change !== undefined),
    errorMode,
  );
  if (isMeant.length === 0) return run;
  if (isMeant.includes(undefined)) return undefined;
  const test = anyOf(
    isMeant.filter((one) => one !== undefined),
    errorMode,
  );
  return (subject) => {
    if (test(subject)) run(subject);
  };
}
