/**
 * Patterns of sampling rules: `*` stands for any text, `?` for one character, letters match in
 * either case. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
 */

/** Whether the whole text matches. It takes at most pattern × text steps, whatever the pattern. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = text.toLowerCase();
  let at = 0;
  let next = 0;
  // Where to go on when what follows the last star does not match: one character further.
  let star = -1;
  let afterStar = 0;
  while (at < given.length) {
    if (wanted[next] === '*') {
      star = next++;
      afterStar = at;
    } else if (wanted[next] === '?' || wanted[next] === given[at]) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++afterStar;
    } else return false;
  }
  while (wanted[next] === '*') next++;
  return next === wanted.length;
}
