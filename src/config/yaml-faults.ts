/**
 * Where a text that is not valid YAML goes wrong, as its writer sees it: dashes that a word
 * processor has replaced, and the quotation mark or bracket that has no end.
 */
import { type Document, isScalar, type Node, visit } from 'yaml';
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
