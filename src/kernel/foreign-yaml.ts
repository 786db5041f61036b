/**
 * Parses YAML of others, or with secrets in it: the library's own errors quote lines of the text,
 * so these say only where a fault is, and of what kind.
 */
import { type Document, isScalar, LineCounter, type Node, visit } from 'yaml';
import { TOO_MANY_ALIASES, YamlAliases } from './yaml-aliases.ts';
import { isOfSecond, parseYaml } from './yaml-steps.ts';

/** @throws  Error with line and column, which quotes nothing */
export function parseForeignYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseYaml(text, { lineCounter });
  const refuse = (offset: number, what: string): never => {
    const { line, col } = lineCounter.linePos(offset);
    throw new Error(`line ${Math.max(1, line)}, column ${Math.max(1, col)}: ${what}`);
  };
  const [fault] = document.errors;
  if (fault !== undefined) refuse(fault.pos[0], `not valid YAML: ${wordsOfYamlError(fault)}`);
  const repeatedAt = findRepeatedKey(document);
  if (repeatedAt !== undefined) refuse(repeatedAt, 'not valid YAML: a key is given twice');
  const { excessAt } = YamlAliases.of(document);
  if (excessAt !== undefined) refuse(excessAt, TOO_MANY_ALIASES);
  try {
    return document.toJS();
  } catch {
    throw new Error('not valid YAML: an alias has no anchor before it, or stands for too much');
  }
}

function findRepeatedKey(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (name === '<<' || !seen.has(name)) {
          seen.add(name);
          continue;
        }
        found = (key as Node).range?.[0] ?? 0;
        return visit.BREAK;
      }
      return undefined;
    },
  });
  return found;
}

/** What an error of the library says, without the text that it quotes at its end. */
export function wordsOfYamlError(error: {
  readonly code: string;
  readonly message: string;
}): string {
  // The library gives advice for its own users.
  if (isOfSecond(error)) return 'a second document begins here; remove it';
  const { message } = error;
  const [first = message] = message.split('\n');
  return (first.charAt(0).toLowerCase() + first.slice(1)).replace(/(?<! ): .{4,}$/, '');
}
