/**
 * Proofs of policies: a strict emulated cloud, a role in it with just the statements that are
 * given, and what calls of the role needed, allowed or denied.
 */
import type { Denial, Need } from '../../src/emulator/access.ts';
import { type CloudOptions, EmulatedCloud } from '../../src/emulator/cloud.ts';
import { createAuthorizer } from '../../src/emulator/iam/authorizer.ts';
import { rootOf } from '../../src/emulator/identities.ts';
import type { CallContext } from '../../src/emulator/service.ts';
import { callIam, putRole, writeDocument } from '../kit/emulated-roles.ts';

/** As a policy has it. */
export interface ProvedStatement {
  readonly Sid: string;
  readonly Action: readonly string[];
}

/** The role whose policies are proved. */
export const PROVED_ROLE = 'proved';
/** How many characters IAM takes in a managed policy. */
const POLICY_MAX = 6_144;
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
    const credentials = { accessKeyId: 'AKIAROOT', secretAccessKey: 'secret-of-root' };
    super({ ...options, credentials, isStrict: true });
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

  /** Makes the role with just these statements, in managed policies: others are too small. */
  async allow(statements: readonly ProvedStatement[]): Promise<void> {
    await putRole(this, PROVED_ROLE, { statements: [NOTHING] });
    for (const [i, part] of fitParts(statements).entries()) {
      const PolicyName = `part-${i}`;
      const PolicyArn = `arn:aws:iam::${this.accountId}:policy/${PolicyName}`;
      await callIam(this, 'CreatePolicy', { PolicyName, PolicyDocument: writeDocument(part) });
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

function fitParts(statements: readonly ProvedStatement[]): ProvedStatement[][] {
  const parts: ProvedStatement[][] = [];
  for (const one of statements) {
    const last = parts.at(-1);
    if (last === undefined || writeDocument([...last, one]).length > POLICY_MAX) parts.push([one]);
    else last.push(one);
  }
  return parts;
}

/** The statements without one action. */
export function takeAway(statements: readonly ProvedStatement[], action: string): ProvedStatement[] {
  return statements
    .map((one) => ({ ...one, Action: one.Action.filter((name) => name !== action) }))
    .filter(({ Action }) => Action.length > 0);
}

export function listActions(statements: readonly ProvedStatement[]): string[] {
  return [...new Set(statements.flatMap(({ Action }) => Action))];
}
