/**
 * Filter expressions: which traces GetTraceSummaries shows. Supported are the boolean, number and
 * string keywords of a trace, annotations, `service("name") { … }`, AND, OR, ! and parentheses;
 * parts that stand beside each other without a word are joined by AND. Keywords and words are read
 * without regard to case. Anything else is refused by name.
 * Limits: 2,000 characters, 50 parentheses or braces within each other.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
 */
import { AwsError } from '../service.ts';
import type { AnnotationValue } from './entity.ts';
import { tokenizeFilter, type FilterToken } from './filter-tokens.ts';

/** A trace or a service, as a filter sees it. What is undefined is not set. */
export interface FilterSubject {
  readonly flags: Readonly<Record<FlagKeyword, boolean>>;
  readonly numbers: Readonly<Record<NumberKeyword, number | undefined>>;
  readonly texts: Readonly<Record<TextKeyword, readonly string[]>>;
  annotation(key: string): readonly AnnotationValue[];
  /** The services of a trace; those of a service are none. */
  services(): readonly { readonly name: string; readonly subject: FilterSubject }[];
}

const FLAGS = ['ok', 'error', 'throttle', 'fault', 'partial'] as const;
const NUMBERS = ['responsetime', 'duration', 'http.status'] as const;
const TEXTS = ['http.url', 'http.method', 'http.useragent', 'http.clientip', 'user'] as const;
export type FlagKeyword = (typeof FLAGS)[number];
export type NumberKeyword = (typeof NUMBERS)[number];
export type TextKeyword = (typeof TEXTS)[number];

export type Filter = (subject: FilterSubject) => boolean;

const LENGTH_MAX = 2_000;
const DEPTH_MAX = 50;
const KNOWN = [...FLAGS, ...NUMBERS, ...TEXTS, 'annotation.KEY', 'service("NAME")'].join(', ');

/** @throws AwsError InvalidRequestException that names the position */
export function parseFilter(expression: string): Filter {
  if (expression.length > LENGTH_MAX)
    throw refuse(`the filter expression is longer than ${LENGTH_MAX} characters`);
  const parser = new Parser(tokenizeFilter(expression));
  return parser.parse();
}

class Parser {
  readonly #tokens: readonly FilterToken[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly FilterToken[]) {
    this.#tokens = tokens;
  }

  parse(): Filter {
    const filter = this.#any();
    const left = this.#peek();
    if (left !== undefined) throw refuseToken(left);
    return filter;
  }

  #any(): Filter {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX)
      throw refuse(`the filter expression is nested deeper than ${DEPTH_MAX}`);
    const parts = [this.#all()];
    while (this.#takeWord('or')) parts.push(this.#all());
    this.#depth -= 1;
    return (subject) => parts.some((part) => part(subject));
  }

  #all(): Filter {
    const parts = [this.#one()];
    for (;;) {
      const next = this.#peek();
      const isEnd = next === undefined || [')', '}'].includes(next.text) || isWord(next, 'or');
      if (isEnd && !isWord(next, 'and')) break;
      this.#takeWord('and');
      parts.push(this.#one());
    }
    return (subject) => parts.every((part) => part(subject));
  }

  #one(): Filter {
    let isNegated = false;
    while (this.#takeSign('!')) isNegated = !isNegated;
    const filter = this.#takeSign('(') ? this.#inner(')') : this.#keyword();
    return isNegated ? (subject) => !filter(subject) : filter;
  }

  #inner(end: ')' | '}'): Filter {
    const filter = this.#any();
    this.#expectSign(end);
    return filter;
  }

  #keyword(): Filter {
    const token = this.#next();
    if (token.is !== 'word') throw refuseToken(token);
    const word = token.text.toLowerCase();
    if (word === 'service') return this.#service();
    if (word.startsWith('annotation.')) {
      const key = token.text.slice('annotation.'.length);
      return this.#compare((subject) => subject.annotation(key));
    }
    const flag = FLAGS.find((known) => known === word);
    if (flag !== undefined) return this.#flag(flag);
    const number = NUMBERS.find((known) => known === word);
    if (number !== undefined)
      return this.#compare(({ numbers }) =>
        numbers[number] === undefined ? [] : [numbers[number]],
      );
    const text = TEXTS.find((known) => known === word);
    if (text !== undefined) return this.#compare(({ texts }) => texts[text]);
    throw refuseToken(token);
  }

  #flag(flag: FlagKeyword): Filter {
    const operator = this.#takeOperator(['=', '!=']);
    if (operator === undefined) return ({ flags }) => flags[flag];
    const { text } = this.#next();
    const wanted = (text.toLowerCase() === 'true') === (operator === '=');
    return ({ flags }) => flags[flag] === wanted;
  }

  #compare(read: (subject: FilterSubject) => readonly AnnotationValue[]): Filter {
    const operator = this.#takeOperator(Object.keys(COMPARISONS));
    if (operator === undefined) return (subject) => read(subject).length > 0;
    const wanted = readValue(this.#next());
    const holds = COMPARISONS[operator] ?? (() => false);
    return (subject) => read(subject).some((value) => holds(value, wanted));
  }

  #service(): Filter {
    this.#expectSign('(');
    const token = this.#peek();
    const name = token?.is === 'text' ? this.#next().text : undefined;
    this.#expectSign(')');
    const inner = this.#takeSign('{') ? this.#inner('}') : (): boolean => true;
    return (subject) =>
      subject
        .services()
        .some((service) => (name === undefined || service.name === name) && inner(service.subject));
  }

  #peek(): FilterToken | undefined {
    return this.#tokens[this.#at];
  }

  #next(): FilterToken {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw refuse('the filter expression ends too early');
    return token;
  }

  #takeWord(word: string): boolean {
    if (!isWord(this.#peek(), word)) return false;
    this.#at += 1;
    return true;
  }

  #takeSign(sign: string): boolean {
    const token = this.#peek();
    if (token?.is !== 'sign' || token.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #expectSign(sign: string): void {
    if (!this.#takeSign(sign)) throw refuseToken(this.#next());
  }

  #takeOperator(known: readonly string[]): string | undefined {
    const token = this.#peek();
    const text = token?.is === 'text' ? undefined : token?.text.toLowerCase();
    if (text === undefined || !known.includes(text)) return undefined;
    this.#at += 1;
    return text;
  }
}

type Comparison = (value: AnnotationValue, wanted: AnnotationValue) => boolean;

/** A comparison of values of two types does not hold, whatever the operator. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': (value, wanted) => value === wanted,
  '!=': (value, wanted) => typeof value === typeof wanted && value !== wanted,
  '<': (value, wanted) => areNumbers(value, wanted) && value < wanted,
  '<=': (value, wanted) => areNumbers(value, wanted) && value <= wanted,
  '>': (value, wanted) => areNumbers(value, wanted) && value > wanted,
  '>=': (value, wanted) => areNumbers(value, wanted) && value >= wanted,
  contains: (value, wanted) => typeof value === 'string' && value.includes(String(wanted)),
  beginswith: (value, wanted) => typeof value === 'string' && value.startsWith(String(wanted)),
  endswith: (value, wanted) => typeof value === 'string' && value.endsWith(String(wanted)),
};

function areNumbers(...values: AnnotationValue[]): boolean {
  return values.every((value) => typeof value === 'number');
}

function readValue(token: FilterToken): AnnotationValue {
  if (token.is === 'text') return token.text;
  if (token.is === 'number') return Number(token.text);
  const word = token.text.toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  throw refuseToken(token);
}

function isWord(token: FilterToken | undefined, word: string): boolean {
  return token?.is === 'word' && token.text.toLowerCase() === word;
}

function refuseToken({ text, at }: FilterToken): AwsError {
  return refuse(
    `the filter expression has ${JSON.stringify(text)} at character ${at + 1}, which is not ` +
      `supported there; keywords are ${KNOWN}`,
  );
}

function refuse(message: string): AwsError {
  return new AwsError('InvalidRequestException', message);
}
