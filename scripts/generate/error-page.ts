/** Renders the catalogue of error codes as docs/errors.md, and finds codes that no source uses. */
import type { ErrorFamily } from '../../src/kernel/error-codes/catalogue.ts';
import { lexSource } from '../tidy/lexing.ts';
import { GENERATED } from './mark.ts';

export function renderErrorPage(families: readonly ErrorFamily[]): string {
  const lines = [
    GENERATED,
    '# Errors',
    '',
    'Messages of errors end with a code in brackets; `amperage explain CODE` prints what is here.',
    'The codes stay the same from version to version; messages may change.',
    '',
  ];
  for (const { title, text, codes } of families) {
    lines.push(`## ${title}`, '', text, '');
    for (const [code, { means, remedy, reason }] of Object.entries(codes)) {
      // Forges make the anchor from the heading, so links read docs/errors.md#config_value.
      lines.push(`### ${code}`, '', means, '', `**What to do:** ${remedy}`, '');
      if (reason !== undefined) lines.push(`Counted with reason \`${reason}\`.`, '');
    }
  }
  return lines.join('\n');
}

/** A source file. Its path begins at the root of the repository. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/**
 * @returns a sentence for each code that is unused, stands in two families, or is not explained. A
 * code without an entry does not compile, so it is not looked for here.
 */
export function checkErrorCodes(
  families: readonly ErrorFamily[],
  sources: readonly SourceFile[],
): string[] {
  const used = new Set<string>();
  for (const { text } of sources)
    for (const [, code = ''] of removeComments(text).matchAll(/'([A-Z][A-Z0-9_]+)'/g))
      used.add(code);
  const seen = new Set<string>();
  return families.flatMap(({ title, codes }) =>
    Object.entries(codes).flatMap(([code, { means, remedy }]) => {
      const faults: string[] = [];
      for (const text of [means, remedy])
        if (!/^[A-Z"'`][^]*[.]$/.test(text))
          faults.push(
            `error code ${code}: ${JSON.stringify(text)} is no sentence; ` +
              'begin with a capital and end with a full stop',
          );
      if (!used.has(code))
        faults.push(
          `error code ${code} ("${title}") is used nowhere in src; ` +
            'remove it from src/kernel/error-codes',
        );
      if (seen.has(code))
        faults.push(`error code ${code} stands in two families; give each meaning its own code`);
      seen.add(code);
      return faults;
    }),
  );
}

/** A code that only a comment names is not used. */
function removeComments(source: string): string {
  return lexSource(source).comments.reduce((rest, { text }) => rest.replace(text, ''), source);
}
