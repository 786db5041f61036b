/**
 * Flags of `generate` that become parts of ARNs: what AWS has not in this form would make a policy
 * that is valid and allows nothing.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
import { InvalidArgumentError } from 'commander';
import { isRegion } from '../../aws/endpoints.ts';

/** The place of resources that are not known is a star, as in ARNs. */
const ANY = '*';

export function parseAccount(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected 12 digits.');
}

export function parseAnyAccount(text: string): string {
  return text === ANY ? text : parseAccount(text);
}

export function parseAnyRegion(text: string): string {
  if (text === ANY || isRegion(text)) return text;
  throw new InvalidArgumentError('Expected a region, such as eu-west-1.');
}

/** A name, in which a star stands for anything. */
export function parseAnyCluster(text: string): string {
  if (/^[\w*-]{1,255}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected the name of a cluster (no ARN): letters, digits, dashes and underscores.',
  );
}

/** The ids of a flag that takes several: `subnet-0a1b2c3d`. */
export function parseIds(prefix: string): (text: string, before?: readonly string[]) => string[] {
  return (text, before = []) => {
    if (new RegExp(`^${prefix}-[0-9a-f]+$`).test(text)) return [...before, text];
    throw new InvalidArgumentError(`Expected ids such as ${prefix}-0a1b2c3d.`);
  };
}
