/**
 * Keeps the values of variables out of what is printed: a model has them, and CloudFormation and
 * ECS may quote them in a reason. What is as short as a word of a sentence stays, and so does what
 * the model says elsewhere, such as the region.
 */
import type { Deployment } from '../../deploy/schema.ts';
import type { Terminal } from './terminal.ts';

const LENGTH_MIN = 6;
const HIDDEN = '<hidden>';

export type Hide = (text: string) => string;

export function hideValuesOf(deployment: Deployment): Hide {
  const { collector, services, name, region, image, cluster } = deployment;
  const open = [name, region, image, cluster.name ?? '', ...services.map((one) => one.image)];
  const values = [collector, ...services]
    .flatMap(({ environment }) => Object.values(environment))
    .filter((value) => value.length >= LENGTH_MIN && !open.some((one) => one.includes(value)))
    // The longest first: one may stand in another.
    .toSorted((a, b) => b.length - a.length);
  return (text) =>
    values.reduce(
      (rest, value) =>
        // As JSON writes it, too.
        rest.replaceAll(value, HIDDEN).replaceAll(JSON.stringify(value).slice(1, -1), HIDDEN),
      text,
    );
}

export function hideOnTerminal({ write, tell, ask }: Terminal, hide: Hide): Terminal {
  return { write: (text) => write(hide(text)), tell: (line) => tell(hide(line)), ask };
}

/** The same error, whose message and causes say less. */
export function hideInError(error: unknown, hide: Hide): unknown {
  for (let one = error; one instanceof Error; one = one.cause) one.message = hide(one.message);
  return error;
}
