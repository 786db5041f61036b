/**
 * What stands before every action, in whatever protocol and from inside: the action and the members
 * of its input are known, policies allow it, and trouble may strike.
 */
import type { Denial, Need } from './access.ts';
import { refuseUnknownMembers } from './members.ts';
import { AwsError, type AwsInput, type CallContext, type JsonService } from './service.ts';
import type { Break, Trouble } from './trouble.ts';

export interface ServiceCall {
  readonly service: JsonService;
  readonly action: string;
  readonly input: AwsInput;
  readonly context: CallContext;
  /** The status of a call that no policy allows. */
  readonly deniedStatus: number;
}

export interface CallJudges {
  readonly trouble: Trouble;
  readonly authorize: (call: CallContext, need: Need) => Denial;
}

export interface PreparedCall {
  /** How the answer is to be broken. */
  readonly how: Break | undefined;
  readonly run: () => Promise<unknown>;
}

/** @throws AwsError */
export function prepareCall(
  { service, action, input: given, context, deniedStatus }: ServiceCall,
  judges: CallJudges,
): PreparedCall {
  const { trouble } = judges;
  const run = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
  if (run === undefined)
    throw new AwsError(
      'UnknownOperationException',
      `${action} is not supported here; these are: ${Object.keys(service.actions).join(', ')}`,
    );
  refuseUnknownMembers(service.target, action, given);
  refuseDenied(needsOf(service, action, given, context), context, judges, {
    code: service.deniedCode ?? 'AccessDeniedException',
    status: deniedStatus,
  });
  const input = trouble.limitPage(action, given);
  return {
    how: trouble.strike(action, input, service.signingName),
    run: async () => {
      const output = await run(input, context);
      trouble.learnPage(input, output ?? {});
      return output;
    },
  };
}

/** @throws AwsError with the code and status of the protocol, for the first need that is denied */
export function refuseDenied(
  needs: readonly Need[],
  context: CallContext,
  { authorize }: Pick<CallJudges, 'authorize'>,
  { code, status }: { readonly code: string; readonly status: number },
): void {
  for (const need of needs) {
    const denial = authorize(context, need);
    if (denial !== undefined) throw new AwsError(code, denial, status);
  }
}

/** What a policy must allow for a call. */
function needsOf(
  { access, signingName }: JsonService,
  action: string,
  input: AwsInput,
  { caller, region }: CallContext,
): readonly Need[] {
  const rule = access !== undefined && Object.hasOwn(access, action) ? access[action] : undefined;
  return (
    rule?.(input, { accountId: caller.accountId, region }) ?? [
      { action: `${signingName}:${action}`, resource: '*' },
    ]
  );
}
