/**
 * Checks for ways round the walls that the linter keeps (oxlint.config.ts) and cannot see itself:
 * source files with extensions or in places that no row covers, imports whose path is computed,
 * imports on demand in pure code, the clock and randomness under another name, and rules that are
 * switched off for more than the next line or without a reason.
 */
import { rooms } from '../../oxlint.config.ts';
import { declaresPure } from '../lint/purity.ts';
import type { Finding, SourceFile, Tree } from './tree.ts';

const PURE_FOLDERS = /^src\/(?:model|wire|relabel)\//;
const SWITCHED_OFF = /(?:oxlint|eslint)-disable\b(?!-next-line [\w/-]+ -- \S)/;

/** What pure code may not contain, where the linter's rules about names do not reach. */
const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bimport\s*\(/, 'pure code loads a module on demand'],
  [/\bMath\b(?!\.)/, 'pure code passes Math on, and its randomness with it'],
  [/\bimport\.meta\b/, 'pure code asks where it lies'],
  [/\bAbortSignal\.timeout\b/, 'pure code starts a timer'],
  [/\bAtomics\.wait/, 'pure code waits'],
  [/\b(?:Reflect|eval)\b/, 'pure code reads names that the linter cannot see'],
];

export function checkOpenWalls(tree: Tree): Finding[] {
  return [
    ...[...tree.names].flatMap((file) => checkPlace(file)),
    ...checkRooms(tree),
    ...tree.sources
      .filter(({ file }) => file.startsWith('src/'))
      .flatMap((source) => [...checkSwitches(source), ...checkCode(source)]),
  ];
}

function checkPlace(file: string): Finding[] {
  if (/^src\/.*\.[cm]?[jt]sx?$/.test(file) && !/\.tsx?$/.test(file))
    return [finding(file, 1, 'no wall holds for this extension', 'write .ts or .tsx')];
  if (/^src\/[^/]+\.tsx?$/.test(file) && !/^src\/main(?:\.test)?\.ts$/.test(file))
    return [finding(file, 1, 'no wall holds at the root of src', 'move it into a folder')];
  return [];
}

/** A folder beside rooms is a room too: without its row nothing keeps it from the others. */
function checkRooms({ sources }: Tree): Finding[] {
  return Object.entries(rooms).flatMap(([parent, { rooms: known, joints = [] }]) => {
    const inside = sources
      .filter(({ file }) => file.startsWith(`src/${parent}/`))
      .map(({ file }) => file.split('/').slice(parent.split('/').length + 1))
      .filter((parts) => parts.length > 1)
      .map(([room = '']) => room);
    return [...new Set(inside)]
      .filter((room) => !(room in known) && !joints.includes(room))
      .map((room) =>
        finding(
          `src/${parent}/${room}`,
          1,
          'a room without a row in oxlint.config.ts',
          'say there which rooms beside it it may import',
        ),
      );
  });
}

function checkSwitches({ file, lexed }: SourceFile): Finding[] {
  return lexed.comments
    .filter(({ text }) => SWITCHED_OFF.test(text))
    .map(({ line }) =>
      finding(
        file,
        line,
        'lint rules are switched off',
        'write "oxlint-disable-next-line RULE -- reason"',
      ),
    );
}

function checkCode({ file, text, isTest, lexed }: SourceFile): Finding[] {
  const isPure = !isTest && (PURE_FOLDERS.test(file) || declaresPure(text));
  return lexed.code.split('\n').flatMap((code, index): Finding[] => {
    const found = (what: string, remedy: string): Finding => finding(file, index + 1, what, remedy);
    return [
      ...(/\bimport\s*\(\s*[^'"\s]/.test(code)
        ? [found('the path of an import is not a plain text', 'write it in quotes')]
        : []),
      ...(isPure
        ? IMPURE.filter(([pattern]) => pattern.test(code)).map(([, what]) =>
            found(what, 'take the value as an argument'),
          )
        : []),
    ];
  });
}

function finding(file: string, line: number, what: string, remedy: string): Finding {
  return { file, line, what, remedy };
}
