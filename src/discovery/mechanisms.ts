/**
 * The table of mechanisms. Everything else that must know which kinds of discovery exist reads it.
 */
import type * as z from 'zod';
import { awsMechanism } from './aws.ts';
import { cloudMapMechanism } from './cloudmap/mechanism.ts';
import { dnsMechanism } from './dns.ts';
import { ec2Mechanism } from './ec2/mechanism.ts';
import { ecsMechanism } from './ecs/mechanism.ts';
import { prometheusEcsMechanism } from './ecs/prometheus-mechanism.ts';
import { elastiCacheMechanism } from './elasticache/mechanism.ts';
import { fileMechanism } from './file.ts';
import { httpMechanism } from './http.ts';
import { type Mechanism } from './mechanism.ts';
import { mskMechanism } from './msk/mechanism.ts';
import { rdsMechanism } from './rds/mechanism.ts';
import { staticMechanism } from './static.ts';

export const mechanisms = [
  staticMechanism,
  fileMechanism,
  httpMechanism,
  dnsMechanism,
  cloudMapMechanism,
  ecsMechanism,
  prometheusEcsMechanism,
  ec2Mechanism,
  mskMechanism,
  rdsMechanism,
  elastiCacheMechanism,
  awsMechanism,
] as const;

type AnyMechanism = (typeof mechanisms)[number];

export type MechanismKey = AnyMechanism['key'];

/** One configuration of one mechanism, checked and with its defaults filled in. */
export type DiscoveryEntry = {
  [One in AnyMechanism as One['key']]: {
    readonly key: One['key'];
    readonly config: z.output<One['schema']>;
  };
}[MechanismKey];

/** The mechanism for the key of an entry. */
export function mechanismOf(key: MechanismKey): Mechanism {
  const found = mechanisms.find((mechanism) => mechanism.key === key);
  if (found === undefined) throw new Error(`BUG: no mechanism has the key ${key}`);
  return found;
}
