/**
 * Finds spans of time that are measured by the wall clock, which may be set forth or back at any
 * moment. `Clock.elapsedMs()` measures spans; `nowMs()` is for timestamps, and for spans only where
 * another machine, a file or an earlier process gave the other end. Such places are listed.
 */
import { WALL_SPANS } from './exceptions.ts';
import type { Finding, Tree } from './tree.ts';

/** The name of a wall time with an operator or a comparison at one side of it. */
const SPAN =
  /\b(?:nowMs|wallMs|Date\.now)\b(?:\(\))? *(?:[-+]|[<>]=?) |(?:[-+<]|<=|>=|[^=]>) (?:\w+\.|this\.#)*(?:nowMs|wallMs|Date\.now)\b/;

export function checkWallClock(
  tree: Tree,
  exceptions: Readonly<Record<string, string>> = WALL_SPANS,
): Finding[] {
  const used = new Set<string>();
  const found = tree.sources.flatMap(({ file, isTest, lexed }): Finding[] => {
    if (isTest || !file.startsWith('src/')) return [];
    const spans = lexed.code
      .split('\n')
      .flatMap((code, index) => (SPAN.test(code) ? [index + 1] : []));
    if (spans.length === 0) return [];
    const exception = Object.keys(exceptions).find((place) => file.startsWith(place));
    if (exception !== undefined) {
      used.add(exception);
      return [];
    }
    const what = 'a span of time by the wall clock';
    const remedy = 'measure it by elapsedMs() of the clock';
    return spans.map((line) => ({ file, line, what, remedy }));
  });
  const unused = Object.keys(exceptions).filter((place) => !used.has(place));
  return [
    ...found,
    ...unused.map((place) => ({
      file: 'scripts/tidy/exceptions.ts',
      line: 1,
      what: `WALL_SPANS names ${place}, where there is no span by the wall clock`,
      remedy: 'take it out',
    })),
  ];
}
