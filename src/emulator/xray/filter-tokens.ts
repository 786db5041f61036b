/** The words, signs, numbers and quoted texts of a filter expression. */
import { AwsError } from '../service.ts';

export interface FilterToken {
  readonly is: 'word' | 'sign' | 'number' | 'text';
  /** Of a quoted text what is between the quotes. */
  readonly text: string;
  /** The position of its first character, from 0. */
  readonly at: number;
}

const TOKEN =
  /\s+|(?<number>-?\d+(?:\.\d+)?)(?![\w.])|(?<sign>!=|<=|>=|[=<>!(){},])|"(?<text>(?:[^"\\]|\\.)*)"|(?<word>annotation\[[\w.]+\]|[A-Za-z][\w.]*)/y;

/** @throws AwsError InvalidRequestException for a character that begins no token */
export function tokenizeFilter(expression: string): FilterToken[] {
  const tokens: FilterToken[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < expression.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(expression);
    if (match === null)
      throw new AwsError(
        'InvalidRequestException',
        `the filter expression cannot be read from character ${at + 1} on: ` +
          JSON.stringify(expression.slice(at, at + 20)),
      );
    const { number, sign, text, word } = match.groups ?? {};
    if (number !== undefined) tokens.push({ is: 'number', text: number, at });
    else if (sign !== undefined) tokens.push({ is: 'sign', text: sign, at });
    else if (text !== undefined)
      tokens.push({ is: 'text', text: text.replaceAll(/\\(.)/g, '$1'), at });
    else if (word !== undefined)
      // annotation[key] is the newer way to write annotation.key.
      tokens.push({ is: 'word', text: word.replace('[', '.').replace(']', ''), at });
  }
  return tokens;
}
