/**
 * The cloud as its parts see it: its clock, its trouble, who calls, and calls of other services
 * from inside. A part that imported the cloud itself would be in a circle, for the cloud is made of
 * all.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../kernel/clock.ts';
import type { Identities } from './identities.ts';
import type { CallJudges } from './prepared-call.ts';
import type { AwsInput, Caller, CallContext, JsonService } from './service.ts';

/**
 * Calls a service from inside, as that caller, in the caller's account: policies are asked and
 * trouble strikes as for any other call.
 *
 * @param service  by its signing name
 * @throws AwsError
 */
export type InsideCall = (
  context: CallContext,
  service: string,
  action: string,
  input: AwsInput,
) => Promise<Readonly<Record<string, unknown>>>;

export interface CloudParts extends CallJudges {
  readonly clock: Clock;
  /** Aborts when the emulator stops; all that waits by itself ends with it. */
  readonly stopping: AbortSignal;
  readonly identities: Identities;
  /** The account of what names no account. */
  readonly accountId: string;
  /** The first is the one of what names no region. */
  readonly regions: readonly [string, ...string[]];
  /** The time by the emulated AWS's clock. */
  nowMs(): number;
  /** The URL of the emulator. */
  urlOf(): string;
  /** Logs what AWS could not do by itself. */
  warn(words: string, error: unknown): void;
  readonly call: InsideCall;
  /** Who calls, by the keys that a request was signed with. @throws AwsError */
  contextOf(
    signed: { readonly accessKeyId: string; readonly region: string },
    headers: IncomingHttpHeaders,
  ): CallContext;
  /** ARNs of the roles of tasks, by the id of container credentials; other ids are names. */
  readonly taskRoles: Map<string, string>;
  /** The ARN of a role of the first account, by its name. */
  roleArnOf(name: string): string;
  /** Who has a role from now on: a task, or an instance. Trust policies are not asked here. */
  openSession(roleArn: string, sessionName: string): Caller;
  /** The ARN of the role of an instance profile, by its name or ARN. */
  profileRoleOf(profile: string): string | undefined;
  /** The ARN of the role of an instance's profile. */
  instanceRoleOf(instanceId: string): string | undefined;
  /** By the id of an instance: the name of its instance profile. */
  readonly instanceProfiles: Map<string, string>;
  /** A service in the caller's account; undefined where the emulator has none of this name. */
  serviceFor(context: CallContext, signingName: string): JsonService | undefined;
  /** Says that the service that a request is for is not there, and which are. */
  describeLack(request: { readonly headers: IncomingHttpHeaders }): string;
}
