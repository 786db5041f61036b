/**
 * The emulated AWS: accounts, each with its regions, which are made at their first use; who may
 * call, and the trouble that calls meet.
 * Limit: ACCOUNTS_MAX accounts.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { AwsCredentials } from '../aws/signing.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Denial, Need } from './access.ts';
import { WorkspaceDirectory } from './amp/state.ts';
import type { WorkspaceHost } from './amp/workspace-data.ts';
import type { CloudParts } from './cloud-parts.ts';
import { createIam } from './iam/api.ts';
import { openSession } from './iam/assume-role.ts';
import { createAuthorizer } from './iam/authorizer.ts';
import { IamState } from './iam/state.ts';
import { createTokenService } from './iam/token-service.ts';
import { Identities } from './identities.ts';
import { prepareCall } from './prepared-call.ts';
import { EmulatedRegion } from './region.ts';
import {
  AwsError,
  type AwsInput,
  type Caller,
  type CallContext,
  DEFAULT_ACCOUNT,
  type JsonService,
} from './service.ts';
import { Trouble } from './trouble.ts';

const ACCOUNTS_MAX = 20;

export interface CloudOptions {
  readonly clock: Clock;
  /** The first is the one of what names no region. */
  readonly regions: readonly [string, ...string[]];
  /** The long-lived keys of the first account. */
  readonly credentials: AwsCredentials;
  /** The first account; DEFAULT_ACCOUNT by default. */
  readonly accountId?: string;
  /** Whether a role that nobody created may do nothing; it may do all by default. */
  readonly isStrict?: boolean;
  /** What keeps the samples of workspaces; without one there is their control plane alone. */
  readonly workspaceHost?: WorkspaceHost;
}

interface Account {
  readonly iam: IamState;
  /** The services that all regions share. */
  readonly services: readonly JsonService[];
  readonly regions: Map<string, EmulatedRegion>;
}

export class EmulatedCloud implements CloudParts {
  readonly clock: Clock;
  readonly trouble: Trouble;
  readonly identities: Identities;
  readonly workspaces: WorkspaceDirectory;
  readonly regions: readonly [string, ...string[]];
  readonly accountId: string;
  urlOf: () => string = () => '';
  readonly isStrict: boolean;
  /** Judges a call by the policies of the caller. */
  readonly authorize: (call: CallContext, need: Need) => Denial;
  readonly taskRoles = new Map<string, string>();
  readonly instanceProfiles = new Map<string, string>();
  /** Called for each region that is made. */
  onRegion: (region: EmulatedRegion) => void = () => undefined;
  warn: (words: string, error: unknown) => void = () => undefined;
  readonly #stopped = new AbortController();
  readonly #accounts = new Map<string, Account>();
  /** Calls by action, since the last `takeCalls`. */
  readonly #calls = new Map<string, number>();

  constructor({
    clock,
    regions,
    credentials,
    accountId = DEFAULT_ACCOUNT,
    isStrict = false,
    workspaceHost,
  }: CloudOptions) {
    this.clock = clock;
    this.regions = regions;
    this.accountId = accountId;
    this.trouble = new Trouble(clock);
    this.identities = new Identities(credentials, accountId);
    this.isStrict = isStrict;
    this.authorize = createAuthorizer(this);
    this.workspaces = new WorkspaceDirectory(workspaceHost);
  }

  /** The region of what names none, in the first account. */
  get home(): EmulatedRegion {
    return this.regionOf(this.accountId, this.regions[0]);
  }

  get stopping(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Ends all that AWS does by itself; resolves when nothing goes on. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the emulator is stopped'));
    const regions = [...this.#accounts.values()].flatMap((one) => [...one.regions.values()]);
    await Promise.all(regions.map(({ cloudFormation }) => cloudFormation.settled()));
  }

  nowMs(): number {
    return this.clock.nowMs() + this.trouble.skewMs;
  }

  /** @throws AwsError for a region or one account more than this emulator has */
  regionOf(accountId: string, region: string): EmulatedRegion {
    // The services of all regions, such as IAM, are asked in a region that may not be there.
    const name = this.regions.includes(region) ? region : this.regions[0];
    const { regions, services } = this.#accountOf(accountId);
    const found = regions.get(name);
    if (found !== undefined) return found;
    const { workspaces } = this;
    const made = new EmulatedRegion({ accountId, region: name }, this, { services, workspaces });
    regions.set(name, made);
    this.onRegion(made);
    return made;
  }

  roleArnOf(name: string): string {
    const role = this.iamOf(this.accountId).roles.get(name);
    return role?.arn ?? `arn:aws:iam::${this.accountId}:role/${name}`;
  }

  openSession(roleArn: string, sessionName: string): Caller {
    return openSession(this, { roleArn, sessionName }, this.regions[0]);
  }

  profileRoleOf(profile: string): string | undefined {
    const [, accountId = this.accountId] = /^arn:aws[\w-]*:iam::(\d{12}):/.exec(profile) ?? [];
    const name = profile.split('/').at(-1) ?? '';
    return this.iamOf(accountId).profiles.get(name)?.role?.arn;
  }

  instanceRoleOf(instanceId: string): string | undefined {
    return this.profileRoleOf(this.instanceProfiles.get(instanceId) ?? '');
  }

  iamOf(accountId: string): IamState {
    return this.#accountOf(accountId).iam;
  }

  /** @throws AwsError for one account more than this emulator has */
  #accountOf(accountId: string): Account {
    const known = this.#accounts.get(accountId);
    if (known !== undefined) return known;
    if (this.#accounts.size >= ACCOUNTS_MAX)
      throw new AwsError('LimitExceeded', `this emulator has ${ACCOUNTS_MAX} accounts already`);
    const iam = new IamState(accountId, () => this.nowMs());
    const services = [createIam(iam, this.identities), createTokenService(this)];
    const account: Account = { iam, services, regions: new Map() };
    this.#accounts.set(accountId, account);
    return account;
  }

  serviceFor({ caller, region }: CallContext, signingName: string): JsonService | undefined {
    return this.regionOf(caller.accountId, region).services.get(signingName);
  }

  contextOf(
    { accessKeyId, region }: { readonly accessKeyId: string; readonly region: string },
    headers: IncomingHttpHeaders,
  ): CallContext {
    const caller = this.identities.find(accessKeyId, this.nowMs())?.caller;
    // The keys have just been verified; they can only have ended since.
    if (caller === undefined)
      throw new AwsError('ExpiredTokenException', 'The security token is expired', 403);
    return { caller, region, headers };
  }

  describeLack({ headers }: { readonly headers: IncomingHttpHeaders }): string {
    const target = headers['x-amz-target'];
    const named = typeof target === 'string' ? target.split('.')[0] : undefined;
    const wanted = signedService(headers) ?? named ?? 'service of this name';
    const known = [...this.home.services.keys(), 's3'].toSorted();
    return `this emulator has no ${wanted}; it has ${known.join(', ')}`;
  }

  readonly call = async (
    context: CallContext,
    signingName: string,
    action: string,
    input: AwsInput,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const service = this.serviceFor(context, signingName);
    if (service === undefined)
      throw new AwsError('UnknownOperationException', `this emulator has no ${signingName}`);
    this.count(action);
    const { run } = prepareCall({ service, action, input, context, deniedStatus: 403 }, this);
    return ((await run()) ?? {}) as Record<string, unknown>;
  };

  count(action: string): void {
    this.#calls.set(action, (this.#calls.get(action) ?? 0) + 1);
  }

  takeCalls(): Record<string, number> {
    const calls = Object.fromEntries(this.#calls);
    this.#calls.clear();
    return calls;
  }
}

/** The service that the signature of a request names, if it has one. */
export function signedService({ authorization }: IncomingHttpHeaders): string | undefined {
  return /\/([\w-]+)\/aws4_request/.exec(authorization ?? '')?.[1];
}
