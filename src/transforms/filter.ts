/**
 * Drops series as contrib's filterprocessor does: by OTTL conditions, or by names of metrics and
 * attributes of the resource. Pure.
 * Source: contrib's processor/filterprocessor/metrics.go, internal/filter
 */
import { formatIdentity, type SeriesTransform } from '../model/transform.ts';
import { compileSearch } from '../relabel/search.ts';
import { anyOf, type ErrorMode, makeCondition, SeriesDropped } from './ottl/program.ts';
import { type Context, openSubject } from './ottl/subject.ts';

export interface ConditionGroup {
  /** Absent: each condition says by its paths which context it is in. */
  readonly context: Context | undefined;
  readonly conditions: readonly string[];
  readonly errorMode: ErrorMode;
}

/**
 * Drops a series for which one of the conditions is true.
 *
 * @throws OttlSyntaxError, OttlUnsupportedError
 */
export function dropWhere(groups: readonly ConditionGroup[]): SeriesTransform {
  const tests = groups.map(({ context, conditions, errorMode }) =>
    anyOf(
      conditions.map((text) => makeCondition(text, context).test),
      errorMode,
    ),
  );
  return {
    identity: formatIdentity('drop_where', { groups: JSON.stringify(groups) }),
    change: ({ point }) => {
      const subject = openSubject(point);
      try {
        return tests.some((test) => test(subject)) ? 'dropped' : 'unchanged';
      } catch (error) {
        if (error instanceof SeriesDropped) return 'dropped';
        throw error;
      }
    },
  };
}

export interface FilterMatch {
  readonly matchType: 'strict' | 'regexp';
  /** Empty: any name. */
  readonly names: readonly string[];
  /** All of them must match; a value that is absent matches any. */
  readonly attributes: readonly { readonly key: string; readonly value: string | undefined }[];
}

/**
 * Keeps what `include` matches, and drops what `exclude` matches. Each looks at the name and at the
 * resource apart: one that does not match is enough to drop for `include`, one that does for
 * `exclude`.
 *
 * @throws Error for a pattern that is not valid
 */
export function matchMetrics(
  include: FilterMatch | undefined,
  exclude: FilterMatch | undefined,
): SeriesTransform {
  const includes = include && compileMatch(include);
  const excludes = exclude && compileMatch(exclude);
  return {
    identity: formatIdentity('match_metrics', {
      include: include && JSON.stringify(include),
      exclude: exclude && JSON.stringify(exclude),
    }),
    change: ({ point: { name, resource } }) => {
      if (includes?.name?.(name) === false || includes?.resource?.(resource) === false)
        return 'dropped';
      const isExcluded = excludes?.name?.(name) === true || excludes?.resource?.(resource) === true;
      return isExcluded ? 'dropped' : 'unchanged';
    },
  };
}

interface CompiledMatch {
  readonly name: ((name: string) => boolean) | undefined;
  readonly resource: ((resource: ReadonlyMap<string, string>) => boolean) | undefined;
}

function compileMatch({ matchType, names, attributes }: FilterMatch): CompiledMatch {
  const compile = (wanted: string): ((text: string) => boolean) =>
    matchType === 'regexp' ? compileSearch(wanted).test : (text) => text === wanted;
  const tests = names.map(compile);
  const wantedNames = new Set(names);
  const isName =
    matchType === 'strict'
      ? (name: string) => wantedNames.has(name)
      : (name: string) => tests.some((test) => test(name));
  const properties = attributes.map(({ key, value }) => ({
    key,
    test: value === undefined ? () => true : compile(value),
  }));
  return {
    name: names.length === 0 ? undefined : isName,
    resource:
      properties.length === 0
        ? undefined
        : (resource) =>
            properties.every(({ key, test }) => {
              const value = resource.get(key);
              return value !== undefined && test(value);
            }),
  };
}
