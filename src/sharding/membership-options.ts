/** What the membership of a collector is made of. */
import type { World } from '../kernel/world.ts';
import type { LeftStorage } from './debts.ts';
import type { MemberSource } from './member-lists.ts';

export interface MembershipOptions {
  readonly world: World;
  readonly source: MemberSource;
  /** Where others are answered; without a host, at the address that the source tells. */
  readonly listen: { readonly host: string | undefined; readonly port: number };
  /** Path of the file that keeps the last list over a restart. */
  readonly file: string;
  /** Addresses of the collectors by DNS, used when the source can't be asked. */
  readonly findHosts: (() => Promise<readonly string[]>) | undefined;
  /** The folder of this process in the shared storage; undefined where each has its own. */
  readonly folder?: string | undefined;
  /** What others have there. */
  readonly storage?: LeftStorage | undefined;
  /** Aborted by `stop`; the source's requests end with it. */
  readonly ending: AbortController;
}
