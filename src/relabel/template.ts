/**
 * Replacement templates of relabelling: `$1`, `${1}`, `${name}`, `$$`, with the rules of Go's
 * regexp.Expand. Pure. A name takes as many letters, digits and underscores as it can: `$1x` names
 * the group "1x", which does not exist and so expands to nothing.
 * Source: https://pkg.go.dev/regexp#Regexp.Expand
 */
import type { AnchoredRegex } from './regex.ts';

/** Texts, and the numbers of groups to insert; groups that the regex lacks have been left out. */
export type Template = readonly (string | number)[];

/** What a template needs to know of its regex, anchored or not. */
export type Groups = Pick<AnchoredRegex, 'groups' | 'groupNumbers'>;

const NAME = /^(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u;

/** Parses a template for one regex. */
export function compileTemplate(text: string, regex: Groups): Template {
  const parts: (string | number)[] = [];
  let rest = text;
  for (;;) {
    const dollar = rest.indexOf('$');
    if (dollar < 0) break;
    if (dollar > 0) parts.push(rest.slice(0, dollar));
    rest = rest.slice(dollar + 1);
    if (rest.startsWith('$')) {
      parts.push('$');
      rest = rest.slice(1);
      continue;
    }
    const name = NAME.exec(rest);
    if (name === null) {
      // A dollar without a name is kept as it is.
      parts.push('$');
      continue;
    }
    rest = rest.slice(name[0].length);
    const group = findGroup(name[1] ?? name[2] ?? '', regex);
    if (group !== undefined) parts.push(group);
  }
  if (rest !== '') parts.push(rest);
  return parts;
}

/** Fills a template with the groups of a match. */
export function expandTemplate(template: Template, match: readonly string[]): string {
  let text = '';
  for (const part of template) text += typeof part === 'number' ? (match[part] ?? '') : part;
  return text;
}

/** Whether the text may hold a group reference: Prometheus looks for a `$` and no further. */
export function hasReference(text: string): boolean {
  return text.includes('$');
}

function findGroup(name: string, regex: Groups): number | undefined {
  if (/^(?:0|[1-9]\d{0,8})$/.test(name)) {
    const number = Number(name);
    return number <= regex.groups ? number : undefined;
  }
  return regex.groupNumbers.get(name);
}
