/**
 * A reporter that writes a reference in place of the text that it stands for, so that a secret of
 * the environment or of a file is in no finding. Pure.
 */
import type { Reporter } from '../../settings/finding.ts';

/**
 * @param hidden  text → the reference to print for it; may grow later. Texts below four characters
 *                belong in none: every word would hold them
 */
export function hideTexts(report: Reporter, hidden: ReadonlyMap<string, string>): Reporter {
  const hide = (message: string): string => {
    let shown = message;
    // A text may hold another; the longest is replaced first.
    const texts = [...hidden].sort(([one], [other]) => other.length - one.length);
    for (const [text, reference] of texts)
      for (const form of new Set([text, JSON.stringify(text).slice(1, -1)]))
        if (!WORDS.has(form)) shown = shown.replaceAll(form, () => reference);
    return shown;
  };
  return {
    error: (path, code, message) => report.error(path, code, hide(message)),
    warn: (path, message, at) => report.warn(path, hide(message), at),
    lacks: (path, message) => report.lacks(path, hide(message)),
    positionOf: (path) => report.positionOf(path),
  };
}

/** Words of the findings themselves that a reference may stand for. */
const WORDS = new Set(['true', 'false', 'http', 'https']);
