/**
 * Checks that lines of code have at most 100 columns. Excepted are lines that can't be broken or
 * whose bytes matter: a URL, text or regular expression without a blank that is alone on its line;
 * the title of a test; a template literal that spans several lines; a statement marked
 * `prettier-ignore`.
 */
import type { Finding, SourceFile, Tree } from './tree.ts';

export const COLUMNS_MAX = 100;

export function checkLineLength(tree: Tree): Finding[] {
  return tree.sources.flatMap((source) => {
    const ignored = listIgnoredLines(source);
    return source.lines.flatMap((text, index): Finding[] => {
      const columns = Array.from(text).length;
      const line = index + 1;
      if (columns <= COLUMNS_MAX || ignored.has(line) || isExcepted(source, line, text)) return [];
      const remedy = `break it at ${COLUMNS_MAX}`;
      return [
        {
          file: source.file,
          line,
          what: `${describeKind(source, line)} of ${columns} columns`,
          remedy,
        },
      ];
    });
  });
}

/** A line that begins a test. The title is in it or alone on the next line. */
const TEST = /^\s*(?:await )?(?:t\.)?(?:test|it|describe|suite)(?:\.\w+)?\(/;
/** A URL or text without a blank, after a comment mark or one word, with punctuation behind it. */
const UNBREAKABLE =
  /^\s*(?:\*|\/\/|#|\/\*\*)?\s*(?:[\w@.]+:? )?(?:'\S+'|`\S+`|"\S+"|<?https?:\S+)\S{0,3}(?: \*\/)?$/;
/** A regular expression alone on its line. Applied to code whose texts are blanked. */
const REGEX_ALONE = /^\s*\/ +\/\w*\S{0,10}$/;

function isExcepted({ lines, lexed }: SourceFile, line: number, text: string): boolean {
  if (TEST.test(text) && /^[^(]*\(['"`]/.test(text)) return true;
  const before = lines[line - 2] ?? '';
  if (TEST.test(before) && before.endsWith('(') && /^\s*['"`].*['"`],$/.test(text)) return true;
  if (lexed.templateLines.has(line) || UNBREAKABLE.test(text)) return true;
  return REGEX_ALONE.test(lexed.code.split('\n')[line - 1] ?? '');
}

function describeKind({ file, lines, lexed }: SourceFile, line: number): string {
  if (file.endsWith('.sh')) return /^\s*#/.test(lines[line - 1] ?? '') ? 'a comment' : 'code';
  const isIn = lexed.comments.some(
    ({ line: from, text }) => line >= from && line < from + text.split('\n').length,
  );
  if (isIn) return 'a comment';
  const code = lexed.code.split('\n')[line - 1] ?? '';
  return code.replaceAll(/\s+/g, ' ').length <= COLUMNS_MAX / 2 ? 'a text' : 'code';
}

/**
 * Lines of the statements that the formatter skips: those below a line that holds only the mark, or
 * those above a mark at the end of a statement's last line.
 */
function listIgnoredLines({ lines, lexed }: SourceFile): ReadonlySet<number> {
  const code = lexed.code.split('\n');
  const ignored = new Set<number>();
  const nesting = (text: string): number =>
    (text.match(/[([{]/g)?.length ?? 0) - (text.match(/[)\]}]/g)?.length ?? 0);
  for (const { line, text } of lexed.comments) {
    if (!/^\/\/ prettier-ignore\b/.test(text)) continue;
    const isAlone = (lines[line - 1] ?? '').trimStart().startsWith('//');
    const step = isAlone ? 1 : -1;
    let depth = 0;
    for (let at = isAlone ? line + 1 : line; at >= 1 && at <= lines.length; at += step) {
      ignored.add(at);
      depth += nesting(code[at - 1] ?? '');
      if (depth === 0 && (isAlone || !/^\s*[|&?:.]/.test(code[at - 1] ?? ''))) break;
    }
  }
  return ignored;
}
