/**
 * Checks that a file of code has at most 400 lines, so that it holds one idea and can be read at
 * once.
 */
import { LONG_FILES } from './exceptions.ts';
import { type Finding, type Tree } from './tree.ts';

const LINES_MAX = 400;

export function checkFileLength(tree: Tree, longFiles = LONG_FILES): Finding[] {
  const over = tree.sources
    .filter(({ file, lines }) => lines.length > LINES_MAX && !(file in longFiles))
    .map(({ file, lines }): Finding => {
      const what = `${lines.length} lines, more than ${LINES_MAX}`;
      return { file, line: LINES_MAX + 1, what, remedy: 'split it by what it does' };
    });
  const kept = tree.sources.filter(
    ({ file, lines }) => file in longFiles && lines.length <= LINES_MAX,
  );
  const gone = Object.keys(longFiles).filter((file) => !tree.names.has(file));
  const needless = [...kept.map(({ file }) => file), ...gone].map((file): Finding => {
    const what = `${file} is no file of more than ${LINES_MAX} lines any more`;
    return {
      file: 'scripts/tidy/exceptions.ts',
      line: 1,
      what,
      remedy: 'take it out of LONG_FILES',
    };
  });
  return [...over, ...needless];
}
