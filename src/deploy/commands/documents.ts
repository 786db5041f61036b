/** Documents of policies, which the APIs take as texts of JSON within JSON. */
import { type AwsValue, join, Joined, type Properties } from '../template.ts';
import type { Word } from './calls.ts';

/** A document that the API takes as a text of JSON. */
export function asDocument(value: AwsValue): Joined | string {
  const parts: AwsValue[] = [];
  const write = (one: AwsValue): void => {
    if (Array.isArray(one))
      writeAll(
        '[',
        one.map((item: AwsValue) => [undefined, item]),
        ']',
      );
    else if (typeof one === 'object' && Object.getPrototypeOf(one) === Object.prototype)
      writeAll('{', Object.entries(one as Properties), '}');
    else if (one instanceof Joined) {
      parts.push('"', ...one.parts.map((part) => (typeof part === 'string' ? inner(part) : part)));
      parts.push('"');
    } else if (typeof one === 'object') parts.push('"', one, '"');
    else parts.push(JSON.stringify(one));
  };
  const writeAll = (
    open: string,
    list: readonly (readonly [string | undefined, AwsValue])[],
    close: string,
  ): void => {
    parts.push(open);
    for (const [i, [key, one]] of list.entries()) {
      parts.push(`${i === 0 ? '' : ','}${key === undefined ? '' : `${JSON.stringify(key)}:`}`);
      write(one);
    }
    parts.push(close);
  };
  write(value);
  return parts.reduce<Joined | string>((text, part) => join`${text}${part as Word}`, '');
}

const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
