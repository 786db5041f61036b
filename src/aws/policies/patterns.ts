/**
 * Patterns of policies: `*` stands for any characters, `?` for one, and `${key}` for what the
 * request says of the key. Pure.
 *
 *     arn:aws:s3:::logs/${aws:username}/*   with aws:username = ann   ─►  a r n … / a n n / ANY
 *
 * A value that is put in never acts as a wildcard. `${*}`, `${?}` and `${$}` are the characters.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */

/** What a request says of itself: values by condition key, the keys in lower case. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/** A code unit of the text, or one of the two wildcards. */
type Unit = number;

const ANY: Unit = -1;
const ONE: Unit = -2;

/** `${name}` or `${name, 'otherwise'}`. */
const VARIABLE = /\$\{([^{}']*?)(?:,\s*'([^']*)')?\}/y;

export interface PatternOptions {
  /** Values of the variables; undefined where the policy's version has none. */
  readonly context: RequestContext | undefined;
  /** Whether capital letters count. */
  readonly ignoresCase?: boolean;
  /** Whether `*` and `?` stand for themselves. */
  readonly isLiteral?: boolean;
}

/** Whether a pattern fits a text; never, if it has a variable without a value. */
export function fitsPattern(pattern: string, text: string, options: PatternOptions): boolean {
  const { ignoresCase = false, isLiteral = false, context } = options;
  const units = readUnits(ignoresCase ? pattern.toLowerCase() : pattern, isLiteral, context);
  return units !== undefined && fits(units, ignoresCase ? text.toLowerCase() : text);
}

function readUnits(
  pattern: string,
  isLiteral: boolean,
  context: RequestContext | undefined,
): Unit[] | undefined {
  const units: Unit[] = [];
  const append = (text: string): void => {
    for (let at = 0; at < text.length; at++) units.push(text.charCodeAt(at));
  };
  for (let at = 0; at < pattern.length;) {
    VARIABLE.lastIndex = at;
    const found = context === undefined ? null : VARIABLE.exec(pattern);
    if (found !== null) {
      const value = resolveVariable(found[1] ?? '', found[2], context);
      if (value === undefined) return undefined;
      append(value);
      at = VARIABLE.lastIndex;
      continue;
    }
    const char = pattern.charAt(at++);
    if (!isLiteral && char === '*') units.push(ANY);
    else if (!isLiteral && char === '?') units.push(ONE);
    else append(char);
  }
  return units;
}

/** A key with several values cannot stand in a text. */
function resolveVariable(
  name: string,
  otherwise: string | undefined,
  context: RequestContext | undefined,
): string | undefined {
  if (name === '*' || name === '?' || name === '$') return name;
  const values = context?.get(name.trim().toLowerCase()) ?? [];
  return values.length === 1 ? values[0] : otherwise;
}

/** Goes back to the last `*` alone, so that the work is at most pattern times text. */
function fits(units: readonly Unit[], text: string): boolean {
  let at = 0;
  let unit = 0;
  let starUnit = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = units[unit];
    if (wanted === ANY) {
      starUnit = unit++;
      starAt = at;
    } else if (wanted === ONE || wanted === text.charCodeAt(at)) {
      unit++;
      at++;
    } else if (starUnit >= 0) {
      unit = starUnit + 1;
      at = ++starAt;
    } else return false;
  }
  while (units[unit] === ANY) unit++;
  return unit === units.length;
}
