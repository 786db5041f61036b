/** Lists of names as texts hold them: parameters of SSM, flags. */

/** Comma separated, blanks around the names allowed. */
export function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
