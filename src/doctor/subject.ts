/**
 * What doctor looks at: a configuration with all that was found when it was read, the place where
 * the collector runs, and how AWS is asked. Checks share it; nothing in it is changed.
 */
import type { lookup } from 'node:dns';
import type { StatsFs } from 'node:fs';
import type { CheckedConfig } from '../config/load.ts';
import type { CallLimits } from '../discovery/call-limits.ts';
import type { World } from '../kernel/world.ts';
import type { Asking } from './asking.ts';
import type { Use } from './uses.ts';

/** What tests replace. */
export interface DoctorEdges {
  readonly resolve: typeof lookup;
  readonly statFileSystem: (folder: string) => Promise<StatsFs>;
}

export interface DoctorSubject {
  readonly world: World;
  /** What all discoveries share. */
  readonly callLimits: CallLimits;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly checked: CheckedConfig;
  /** The configuration as it is named to people; no secret is in it. */
  readonly configName: string;
  /** The folder where its relative paths start. */
  readonly baseDirectory: string;
  /** Where the collector keeps its queues. */
  readonly storagePath: string;
  /** Where a running collector answers: scheme, host and port. */
  readonly collectorUrl: string;
  /** The role whose permissions are looked at, where it is not that of this process. */
  readonly role?: string | undefined;
  /** Each way in which the configuration reaches something by network. */
  readonly uses: readonly Use[];
  readonly asking: Asking;
  readonly edges: DoctorEdges;
}
