/**
 * Where a text that is not valid YAML goes wrong, as its writer sees it: dashes that a word
 * processor has replaced, the quotation mark or bracket that has no end, and what to do about it.
 */
import { type Document, type ErrorCode, isScalar, type Node, visit } from 'yaml';
import { wordsOfYamlError } from '../kernel/foreign-yaml.ts';
import type { Finding } from '../settings/finding.ts';

/**
 * Where a fault begins. The parser misses the end of a text in quotes or brackets only where the
 * block around it is over, which may be many lines below.
 */
export function findOpening(document: Document, faultAt: number): number {
  let openedAt = faultAt;
  visit(document, {
    Node(_key, node) {
      const isEnclosed = isScalar(node)
        ? node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE'
        : 'flow' in node && node.flow;
      // Of those that are open here, the innermost comes last.
      if (isEnclosed && node.range?.[1] === faultAt) openedAt = node.range[0];
    },
  });
  return openedAt;
}

/** What a writer has usually done where the parser tells its own view of it. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  BAD_INDENT: 'begin the line in the column of those beside it',
  BAD_SCALAR_START: 'put the value into quotation marks',
  BLOCK_AS_IMPLICIT_KEY:
    'the next line stands too far to the right, or a value with ": " in it lacks quotation marks',
  MULTILINE_IMPLICIT_KEY: 'is ":" missing after a key here, or the blank behind it?',
  TAB_AS_INDENT: 'type blanks instead',
};

/** A fault that the parser found, with what to do about it where that can be said. */
export function describeYamlFault(fault: {
  readonly code: ErrorCode;
  readonly message: string;
}): string {
  // A list that begins too far to the right for what follows; the code is that of other faults too.
  const isBesideList = fault.message.startsWith('Sequence item without');
  const remedy = REMEDIES[isBesideList ? 'BAD_INDENT' : fault.code];
  return `not valid YAML: ${wordsOfYamlError(fault)}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/**
 * Whether a node is an unquoted word that begins with a dash that is not YAML's. In quotes, blocks
 * and comments such a dash is only text.
 */
export function isDashWord(node: Node): boolean {
  return (
    isScalar(node) && node.type === 'PLAIN' && /^[\u2013\u2014\u2212]\s/.test(node.source ?? '')
  );
}

/**
 * Finds the lines that begin with a dash which a word processor has made of "-". For YAML such a
 * line is text, so its own errors would not help.
 */
export function findEnDashes(text: string, file: string): Finding[] {
  const found: Finding[] = [];
  text.split('\n').forEach((content, index) => {
    const match = /^(\s*(?:-\s+)*)([\u2013\u2014\u2212])\s/.exec(content);
    if (match === null || found.length >= 20) return;
    const [, before = '', dash = ''] = match;
    const name = { '\u2013': 'en dash (U+2013)', '\u2014': 'em dash (U+2014)' }[dash];
    found.push({
      severity: 'error',
      code: 'CONFIG_EN_DASH',
      file,
      line: index + 1,
      column: before.length + 1,
      message:
        `the line begins with an ${name ?? 'minus sign (U+2212)'} where YAML wants "-"; a web ` +
        'page or a word processor has replaced it: type "-" instead',
    });
  });
  return found;
}
