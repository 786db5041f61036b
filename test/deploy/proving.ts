/**
 * Proofs of policies: a strict emulated cloud, a role in it with just the statements that are
 * given, and what calls of the role needed, allowed or denied.
 */
import type { Denial, Need } from '../../src/emulator/access.ts';
import { type CloudOptions, EmulatedCloud } from '../../src/emulator/cloud.ts';
import { createAuthorizer } from '../../src/emulator/iam/authorizer.ts';
import { rootOf } from '../../src/emulator/identities.ts';
import type { CallContext } from '../../src/emulator/service.ts';
import { type Clock, systemClock } from '../../src/kernel/clock.ts';
import { callIam, putRole } from '../kit/emulated-roles.ts';

interface ProvedStatement {
  readonly Sid: string;
  readonly Action: readonly string[];
}

/** A document, as far as proofs look at it. */
export interface ProvedPolicy {
  readonly Statement: readonly ProvedStatement[];
}

export const ROOT_KEYS = { accessKeyId: 'AKIAROOT', secretAccessKey: 'secret-of-root' };
/** The role whose policies are proved. */
export const PROVED_ROLE = 'proved';
/** A role of this kit has an inline policy; this one allows nothing. */
const NOTHING = { Effect: 'Deny', Action: 'ecs:DeleteAttributes', Resource: '*' };

export class ProvingCloud extends EmulatedCloud {
  /** What calls of the role needed, and the words of denials. */
  readonly judged: { readonly need: Need; readonly denial: Denial }[] = [];
  readonly #judge = createAuthorizer(this);
  override readonly authorize = (call: CallContext, need: Need): Denial => {
    const denial = this.#judge(call, need);
    if (call.caller.roleArn?.endsWith(`/${PROVED_ROLE}`) === true)
      this.judged.push({ need, denial });
    return denial;
  };

  constructor(options: Omit<CloudOptions, 'credentials' | 'isStrict'>) {
    super({ ...options, credentials: ROOT_KEYS, isStrict: true });
  }

  /** Actions that the role needed, each once. */
  listNeeded(): string[] {
    return [...new Set(this.judged.map(({ need }) => need.action))];
  }

  /** Actions that the role was denied, each once. */
  listDenied(): string[] {
    const denied = this.judged.filter(({ denial }) => denial !== undefined);
    return [...new Set(denied.map(({ need }) => need.action))];
  }

  /** Makes the role with just these managed policies. */
  async allow(policies: readonly ProvedPolicy[]): Promise<void> {
    await putRole(this, PROVED_ROLE, { statements: [NOTHING] });
    for (const [i, policy] of policies.entries()) {
      const PolicyName = `part-${i}`;
      const PolicyArn = `arn:aws:iam::${this.accountId}:policy/${PolicyName}`;
      await callIam(this, 'CreatePolicy', { PolicyName, PolicyDocument: JSON.stringify(policy) });
      await callIam(this, 'AttachRolePolicy', { RoleName: PROVED_ROLE, PolicyArn });
    }
  }

  /** Calls as the role. */
  get asRole(): Caller {
    const caller = this.openSession(this.roleArnOf(PROVED_ROLE), 'proof');
    return this.#callerOf({ caller, region: this.regions[0], headers: {} });
  }

  /** Calls as root, whom nothing is denied. */
  get asRoot(): Caller {
    const caller = rootOf(this.accountId);
    return this.#callerOf({ caller, region: this.regions[0], headers: {} });
  }

  #callerOf(context: CallContext): Caller {
    return async (service, action, input) =>
      (await this.call(context, service, action, input)) as never;
  }
}

type Caller = <Answer>(
  service: string,
  action: string,
  input: Readonly<Record<string, unknown>>,
) => Promise<Answer>;

/** The policies without one action. */
export function takeAway(policies: readonly ProvedPolicy[], action: string): ProvedPolicy[] {
  const left = policies.map((policy) => ({
    ...policy,
    Statement: policy.Statement.map((one) => ({
      ...one,
      Action: one.Action.filter((name) => name !== action),
    })).filter(({ Action }) => Action.length > 0),
  }));
  return left.filter(({ Statement }) => Statement.length > 0);
}

export function listActions(policies: readonly ProvedPolicy[]): string[] {
  return [...new Set(policies.flatMap((one) => one.Statement.flatMap(({ Action }) => Action)))];
}

const TIMES = 20;

/** What waits within this process waits so many times shorter. */
export function createFastClock(): Clock {
  const startMs = Date.now();
  const startElapsedMs = performance.now();
  const elapsedMs = (): number => (performance.now() - startElapsedMs) * TIMES;
  return {
    nowMs: () => startMs + elapsedMs(),
    elapsedMs,
    sleep: (ms, signal) => systemClock.sleep(ms / TIMES, signal),
    alarm: (ring) => {
      const alarm = systemClock.alarm(ring);
      return { set: (ms) => alarm.set(ms / TIMES), clear: () => alarm.clear() };
    },
  };
}
