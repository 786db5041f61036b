/**
 * The table of mechanisms: everything else that knows which kinds of discovery there are is derived
 * from it.
 */
import { type z } from 'zod';
import { cloudMapMechanism } from './cloudmap/mechanism.ts';
import { dnsMechanism } from './dns.ts';
import { ecsMechanism } from './ecs/mechanism.ts';
import { awsMechanism, prometheusEcsMechanism } from './ecs/prometheus-mechanism.ts';
import { fileMechanism } from './file.ts';
import { httpMechanism } from './http.ts';
import { type Mechanism } from './mechanism.ts';
import { staticMechanism } from './static.ts';

export const mechanisms = [
  staticMechanism,
  fileMechanism,
  httpMechanism,
  dnsMechanism,
  cloudMapMechanism,
  ecsMechanism,
  prometheusEcsMechanism,
  awsMechanism,
] as const;

type AnyMechanism = (typeof mechanisms)[number];

export type MechanismKey = AnyMechanism['key'];

/** One configuration of one mechanism, checked and with its defaults. */
export type DiscoveryEntry = {
  [One in AnyMechanism as One['key']]: {
    readonly key: One['key'];
    readonly config: z.output<One['schema']>;
  };
}[MechanismKey];

/** The mechanism that an entry is for. */
export function mechanismOf(key: MechanismKey): Mechanism {
  const found = mechanisms.find((mechanism) => mechanism.key === key);
  if (found === undefined) throw new Error(`BUG: no mechanism has the key ${key}`);
  return found;
}
