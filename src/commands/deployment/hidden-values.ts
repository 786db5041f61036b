/**
 * Keeps the values of variables out of what is printed: a model names them, and CloudFormation and
 * ECS may quote them in a reason. What is as short as a word of a sentence stays.
 */
import type { Deployment } from '../../deploy/schema.ts';
import type { Terminal } from './terminal.ts';

const LENGTH_MIN = 6;

export function hideValues(terminal: Terminal, deployment: Deployment): Terminal {
  const { collector, services } = deployment;
  const values = [collector, ...services]
    .flatMap(({ environment }) => Object.values(environment))
    .filter((value) => value.length >= LENGTH_MIN)
    // The longest first: one may stand in another.
    .toSorted((a, b) => b.length - a.length);
  if (values.length === 0) return terminal;
  const hide = (text: string): string =>
    // As JSON and shell write them, too.
    values.reduce(
      (rest, value) =>
        rest
          .replaceAll(value, '<hidden>')
          .replaceAll(JSON.stringify(value).slice(1, -1), '<hidden>'),
      text,
    );
  return {
    write: (text) => terminal.write(hide(text)),
    tell: (line) => terminal.tell(hide(line)),
    ask: terminal.ask,
  };
}
