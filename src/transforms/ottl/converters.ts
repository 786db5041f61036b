/**
 * The converters of OTTL, which make a value of values. Pure.
 * Source: contrib's pkg/ottl/ottlfuncs
 */
import { OttlEvaluationError, OttlTypeError } from './fault.ts';
import type { Arguments, Getter, OttlFunction } from './functions.ts';
import {
  compareValues,
  describeType,
  textOfValue,
  toDouble,
  toInt,
  type OttlValue,
} from './value.ts';

/** Texts are measured and cut in the bytes of UTF-8, as in Go. */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const converters: Readonly<Record<string, OttlFunction>> = {
  IsMatch: {
    parameters: ['target', 'pattern'],
    create: (given) => {
      const [target, pattern] = [given.textLike(0), given.regex(1)];
      return (subject) => {
        const compiled = pattern(subject);
        const text = target(subject);
        return text !== undefined && compiled.test(text);
      };
    },
  },
  Concat: {
    parameters: ['vals', 'delimiter'],
    create: (given) => {
      const [items, delimiter] = [given.textLikes(0), given.text(1)];
      return (subject) => items.map((item) => item(subject) ?? '<nil>').join(delimiter(subject));
    },
  },
  Split: {
    parameters: ['target', 'delimiter'],
    create: (given) => {
      const [target, delimiter] = [given.text(0), given.text(1)];
      return (subject) => {
        const [text, mark] = [target(subject), delimiter(subject)];
        return mark === '' ? Array.from(text) : text.split(mark);
      };
    },
  },
  Int: ofAny((value) => toInt(value)),
  Double: ofAny((value) => toDouble(value)),
  String: ofAny((value) => textOfValue(value) ?? null),
  IsString: ofAny((value) => typeof value === 'string'),
  IsInt: ofAny((value) => typeof value === 'bigint'),
  IsDouble: ofAny((value) => typeof value === 'number'),
  IsBool: ofAny((value) => typeof value === 'boolean'),
  IsMap: ofAny((value) => value instanceof Map),
  IsList: ofAny((value) => Array.isArray(value)),
  Len: ofAny((value) => {
    if (typeof value === 'string') return BigInt(encoder.encode(value).length);
    if (typeof value !== 'object' || value === null)
      throw new OttlEvaluationError(`${describeType(value)} has no length`);
    return BigInt(value instanceof Map ? value.size : value.length);
  }),
  HasPrefix: ofTexts('prefix', (text, prefix) => text.startsWith(prefix)),
  HasSuffix: ofTexts('suffix', (text, suffix) => text.endsWith(suffix)),
  TrimPrefix: ofTexts('prefix', (text, prefix) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  TrimSuffix: ofTexts('suffix', (text, suffix) =>
    text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text,
  ),
  Trim: {
    parameters: ['target', 'replacement?'],
    create: (given) => {
      const target = given.text(0);
      const cut = new Set(given.has(1) ? given.literalText(1) : ' ');
      return (subject) => {
        const characters = Array.from(target(subject));
        const first = characters.findIndex((one) => !cut.has(one));
        const last = characters.findLastIndex((one) => !cut.has(one));
        return first < 0 ? '' : characters.slice(first, last + 1).join('');
      };
    },
  },
  ToLowerCase: ofText((text) => text.toLowerCase()),
  ToUpperCase: ofText((text) => text.toUpperCase()),
  ConvertCase: {
    parameters: ['target', 'to_case'],
    create: (given) => {
      const [target, to] = [given.text(0), given.literalText(1)];
      if (to === 'lower') return (subject) => target(subject).toLowerCase();
      if (to === 'upper') return (subject) => target(subject).toUpperCase();
      if (to === 'snake' || to === 'camel') given.lack(1, `the case ${to} can't be done`);
      return given.refuse(1, 'the case is "lower", "upper", "snake" or "camel"');
    },
  },
  Substring: {
    parameters: ['target', 'start', 'length', 'utf8_safe?'],
    create: createSubstring,
  },
  Coalesce: {
    parameters: ['values'],
    create: (given) => {
      const values = given.anys(0);
      if (values.length === 0) given.refuse(0, 'Coalesce needs a value');
      return (subject) => {
        for (const value of values) {
          const found = value(subject);
          if (found !== null) return found;
        }
        return null;
      };
    },
  },
  ContainsValue: {
    parameters: ['target', 'item'],
    create: (given) => {
      const [target, item] = [given.any(0), given.any(1)];
      return (subject) => {
        const list = target(subject);
        if (!Array.isArray(list)) throw new OttlTypeError(`${describeType(list)} is no list`);
        const wanted = item(subject);
        return list.some((one: OttlValue) => compareValues(one, wanted, '=='));
      };
    },
  },
  ExtractPatterns: {
    parameters: ['target', 'pattern'],
    create: (given) => {
      const [target, pattern] = [given.text(0), given.regex(1)];
      return (subject) => {
        const { groupNumbers, match } = pattern(subject);
        if (groupNumbers.size === 0) throw new OttlEvaluationError('the regex has no named group');
        const found = match(target(subject));
        if (found === undefined) return new Map();
        return new Map([...groupNumbers].map(([name, number]) => [name, found[number] ?? '']));
      };
    },
  },
};

function ofAny(convert: (value: OttlValue) => OttlValue): OttlFunction {
  return {
    parameters: ['target'],
    create: (given) => {
      const target = given.any(0);
      return (subject) => convert(target(subject));
    },
  };
}

function ofText(convert: (text: string) => OttlValue): OttlFunction {
  return {
    parameters: ['target'],
    create: (given) => {
      const target = given.text(0);
      return (subject) => convert(target(subject));
    },
  };
}

function ofTexts(
  second: string,
  convert: (text: string, other: string) => OttlValue,
): OttlFunction {
  return {
    parameters: ['target', second],
    create: (given) => {
      const [target, other] = [given.text(0), given.text(1)];
      return (subject) => convert(target(subject), other(subject));
    },
  };
}

function createSubstring(given: Arguments): Getter {
  const [target, start, length] = [given.text(0), given.int(1), given.int(2)];
  const isSafe = given.has(3) && given.literalBoolean(3);
  return (subject) => {
    const [from, count] = [Number(start(subject)), Number(length(subject))];
    if (from < 0 || count <= 0)
      throw new OttlEvaluationError(`Substring from ${from}, ${count} long: must not be negative`);
    const bytes = encoder.encode(target(subject));
    if (from + count > bytes.length)
      throw new OttlEvaluationError(
        `Substring from ${from}, ${count} long, of a text of ${bytes.length} bytes`,
      );
    const end = from + count;
    if (!isSafe) return decoder.decode(bytes.subarray(from, end));
    let first = from;
    while (first < bytes.length && isInside(bytes, first)) first += 1;
    return decoder.decode(bytes.subarray(first, Math.max(first, backToStart(bytes, end))));
  };
}

/** Cuts a text to at most so many bytes. @param isSafe  whether a character stays whole */
export function truncate(text: string, limit: number, isSafe: boolean): string {
  if (text.length * 3 <= limit) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= limit) return text;
  return decoder.decode(bytes.subarray(0, isSafe ? backToStart(bytes, limit) : limit));
}

/** The start of the character that an offset is in. */
function backToStart(bytes: Uint8Array, offset: number): number {
  let at = offset;
  while (at > 0 && at < bytes.length && isInside(bytes, at)) at -= 1;
  return at;
}

function isInside(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}
