/**
 * The seam of extensions: a kind has a schema, and says what a component of it is: credentials of
 * exporters, listeners of the process, targets of jobs, or nothing that needs doing. A new kind is
 * a file that calls `defineExtension`, and one word in the table in extensions.ts.
 */
import type * as z from 'zod';
import type { DiscoveryEntry } from '../../../discovery/mechanisms.ts';
import type { ConfigPath } from '../../../settings/finding.ts';
import type { ForwarderPlan, ServerPlan } from '../../plan.ts';
import type { Credentials } from '../authenticators.ts';
import type { ComponentContext, ComponentKind } from '../component.ts';

export interface ExtensionContext extends ComponentContext {
  /** Resolves another authenticator, which this one adds to. @param path  path of its name */
  readonly authenticate: (name: string, path: ConfigPath) => Credentials | undefined;
}

/** Targets that jobs take by naming the file that the Collector would write. */
export interface ObservedTargets {
  readonly resultFile: string;
  readonly entry: DiscoveryEntry;
}

export interface Extension {
  /** Present for authenticators. */
  readonly credentials?: Credentials;
  readonly servers?: readonly ServerPlan[];
  readonly forwarders?: readonly ForwarderPlan[];
  readonly targets?: ObservedTargets;
}

export interface ExtensionKind<Schema extends z.ZodType = z.ZodType> extends ComponentKind<Schema> {
  /** Undefined where it can't be done; the findings then say why. */
  resolve(input: z.output<Schema>, context: ExtensionContext): Extension | undefined;
}

/** Declares a kind, with the type of its input checked against its schema. */
export function defineExtension<Schema extends z.ZodType>(
  kind: ExtensionKind<Schema>,
): ExtensionKind<Schema> {
  return kind;
}
