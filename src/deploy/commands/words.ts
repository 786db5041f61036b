/** Values of a template as words of a shell, and as JSON that the scripts fill in. Pure. */
import {
  type AwsValue,
  Joined,
  PseudoParameter,
  PublicParameter,
  Reference,
  Zone,
} from '../template.ts';
import { asText, type Word } from './calls.ts';

/** The name by which scripts keep a value that AWS makes; undefined: it is known already. */
export function variableOf(value: AwsValue): string | undefined {
  if (value instanceof Reference)
    return value.attribute === undefined ? value.id : `${value.id}_${value.attribute}`;
  if (value instanceof PseudoParameter) return `aws_${value.what}`;
  if (value instanceof Zone) return `aws_Zone${value.index}`;
  if (value instanceof PublicParameter) return `aws${value.path.replaceAll(/[^A-Za-z0-9]/g, '_')}`;
  return undefined;
}

/** The variables that a value needs. */
export function listVariables(value: AwsValue): string[] {
  const variable = variableOf(value);
  if (variable !== undefined) return [variable];
  if (value instanceof Joined) return value.parts.flatMap(listVariables);
  return typeof value === 'object' ? Object.values(value).flatMap(listVariables) : [];
}

/** One word of a shell. */
export function renderWord(word: Word): string {
  if (typeof word === 'string' && /^[A-Za-z0-9_./:=,@-]+$/.test(word)) return word;
  const parts = word instanceof Joined ? word.parts : [word];
  const texts = parts.map((part) => {
    const variable = variableOf(part);
    if (variable !== undefined) return `\${id_${variable}}`;
    return asText(part).replaceAll(/["$`\\]/g, (sign) => `\\${sign}`);
  });
  return `"${texts.join('')}"`;
}

/** What a value that AWS makes is in an input, by its name in the scripts. */
export type FillIn = (variable: string) => string;
export const token: FillIn = (variable) => `@{${variable}}`;

/** JSON in which each value that AWS makes stands as its token. */
export function renderInput(input: AwsValue, fillIn: FillIn = token): string {
  const text = JSON.stringify(renderValue(input, fillIn), null, 2);
  // What looks like a token and is none is written so that only a reader of JSON sees it.
  return text
    .replaceAll('@{', String.raw`\u0040{`)
    .replaceAll(MARK, '@{')
    .concat('\n');
}

/** Stands for the start of a token while literal ones are hidden. */
const MARK = '\u{F8FF}\u{F8FE}';

type Json = boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

function renderValue(value: AwsValue, fillIn: FillIn): Json {
  const variable = variableOf(value);
  if (variable !== undefined) return mark(fillIn(variable));
  if (value instanceof Joined)
    return value.parts.map((part) => asText(renderValue(part, fillIn))).join('');
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((one: AwsValue) => renderValue(one, fillIn));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, renderValue(one as AwsValue, fillIn)]),
  );
}

function mark(text: string): string {
  return text.replaceAll('@{', MARK);
}
