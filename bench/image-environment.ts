/**
 * The environment that the image gives a process, as far as it decides how much memory is held
 * (`ENV MALLOC_…` in the Dockerfile): what is measured runs as it does there.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const DOCKERFILE = path.resolve(import.meta.dirname, '../Dockerfile');

export function readImageEnvironment(): Record<string, string> {
  const text = readFileSync(DOCKERFILE, 'utf8');
  const pairs = [...text.matchAll(/(MALLOC_\w+)=(\S+)/g)];
  if (pairs.length === 0) throw new Error('the Dockerfile names no variable MALLOC_…');
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}
