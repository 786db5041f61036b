/**
 * Filter patterns on the properties of JSON messages; what is no JSON object does not fit.
 *
 *     or := and { "||" and }        and := one { "&&" one }
 *     one := "(" or ")" | PATH OPERATOR VALUE | PATH "IS" ("NULL"|"TRUE"|"FALSE")
 *          | PATH ["NOT"] "EXISTS"
 *
 * In a text `*` stands for any characters. Pure.
 * Limits: DEPTH_MAX parentheses within each other.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
import { notImplemented } from '../members.ts';
import { refuseParameter } from './requests.ts';

type Test = (root: unknown) => boolean;

const DEPTH_MAX = 32;
const TOKEN = /\s*(&&|\|\||!=|<=|>=|[=<>(){}]|"(?:[^"\\]|\\.)*"|%[^%]*%|[^\s=!<>(){}&|"]+)/y;

/** @throws AwsError InvalidParameterException, or NotImplemented for what is not here */
export function readJsonPattern(pattern: string): (message: string) => boolean {
  const parser = new PatternParser(splitTokens(pattern));
  const test = parser.whole();
  return (message) => {
    try {
      const root: unknown = JSON.parse(message);
      return typeof root === 'object' && root !== null && test(root);
    } catch {
      return false;
    }
  };
}

function splitTokens(pattern: string): string[] {
  const tokens: string[] = [];
  const token = new RegExp(TOKEN);
  while (token.lastIndex < pattern.length) {
    const at = token.lastIndex;
    const found = token.exec(pattern)?.[1];
    if (found === undefined) throw malformed(`at character ${at + 1}`);
    tokens.push(found);
  }
  return tokens;
}

class PatternParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Test {
    this.#expect('{');
    const test = this.#or(0);
    this.#expect('}');
    if (this.#at < this.#tokens.length) throw malformed('something follows the closing brace');
    return test;
  }

  #or(depth: number): Test {
    const tests = [this.#and(depth)];
    while (this.#take('||')) tests.push(this.#and(depth));
    return (root) => tests.some((test) => test(root));
  }

  #and(depth: number): Test {
    const tests = [this.#one(depth)];
    while (this.#take('&&')) tests.push(this.#one(depth));
    return (root) => tests.every((test) => test(root));
  }

  #one(depth: number): Test {
    if (depth > DEPTH_MAX) throw malformed('too many parentheses');
    if (this.#take('(')) {
      const test = this.#or(depth + 1);
      this.#expect(')');
      return test;
    }
    const read = parsePath(this.#next());
    const operator = this.#next();
    switch (operator) {
      case 'IS':
        return makeIs(read, this.#next());
      case 'EXISTS':
        return (root) => read(root) !== undefined;
      case 'NOT':
        this.#expect('EXISTS');
        return (root) => read(root) === undefined;
      default:
        return makeComparison(read, operator, this.#next());
    }
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw malformed('it ends too soon');
    this.#at += 1;
    return token;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw malformed(`${token} is expected before ${found}`);
  }
}

type Read = (root: unknown) => unknown;

/** `$.a.b[0]` or `$.["a.b"]`; the latter is not here. */
function parsePath(text: string): Read {
  if (!/^\$(?:\.[^.[\]]+|\[\d{1,6}\])+$/.test(text)) throw malformed(`${text} is no property`);
  const parts = text.slice(1).match(/[^.[\]]+/g) ?? [];
  return (root) => {
    let at: unknown = root;
    for (const part of parts) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
      at = (at as Readonly<Record<string, unknown>>)[part];
    }
    return at;
  };
}

function makeIs(read: Read, what: string): Test {
  const values: Readonly<Record<string, unknown>> = { NULL: null, TRUE: true, FALSE: false };
  if (!Object.hasOwn(values, what)) throw malformed(`IS ${what}`);
  return (root) => read(root) === values[what];
}

const ORDERS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function makeComparison(read: Read, operator: string, given: string): Test {
  if (/^%.*%$/.test(given))
    throw notImplemented('filterPattern: regular expressions in %…% are not supported here');
  const isQuoted = given.startsWith('"');
  const text = isQuoted ? given.slice(1, -1).replaceAll(/\\(.)/g, '$1') : given;
  const number = !isQuoted && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : NaN;
  const order = ORDERS[operator];
  if (order !== undefined) {
    if (Number.isNaN(number)) throw malformed(`${operator} compares numbers, not ${given}`);
    return (root) => {
      const value = read(root);
      return typeof value === 'number' && order(value, number);
    };
  }
  if (operator !== '=' && operator !== '!=') throw malformed(`${operator} is no operator`);
  const fits = makeEqual(text, number);
  return (root) => {
    const value = read(root);
    if (value === undefined) return false;
    return fits(value) === (operator === '=');
  };
}

function makeEqual(text: string, number: number): (value: unknown) => boolean {
  const parts = text.split('*');
  const fitsText = (value: string): boolean =>
    parts.length === 1 ? value === text : fitsWildcards(value, parts);
  return (value) => {
    if (typeof value === 'number') return Number.isNaN(number) ? false : value === number;
    return typeof value === 'string' && fitsText(value);
  };
}

/**
 * Looks for the parts between the asterisks in order; no regular expression, so no backtracking.
 */
function fitsWildcards(value: string, parts: readonly string[]): boolean {
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}

function malformed(what: string): Error {
  return refuseParameter(`Invalid filter pattern: ${what}`);
}
