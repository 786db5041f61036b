/**
 * Calls that are asked once more, with the token of the first one, since its answer was lost: they
 * do nothing again and get the same answer. A token that comes with something else is refused.
 * Limit: TOKENS_MAX tokens; the oldest are forgotten.
 */
import { createHash } from 'node:crypto';
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { judgeToken } from './constraints.ts';
import { optionalText } from './inputs.ts';

const TOKENS_MAX = 1_000;
/** The member that is the token, by action. */
const TOKEN_MEMBERS = {
  CancelUpdateStack: 'ClientRequestToken',
  ContinueUpdateRollback: 'ClientRequestToken',
  CreateChangeSet: 'ClientToken',
  CreateStack: 'ClientRequestToken',
  DeleteStack: 'ClientRequestToken',
  ExecuteChangeSet: 'ClientRequestToken',
  UpdateStack: 'ClientRequestToken',
};

interface Asked {
  readonly action: string;
  /** A hash: a template is long, and parameters are secret. */
  readonly inputHash: string;
  readonly answer: Promise<unknown>;
}

/** The actions, of which those with a token are done once for each. */
export function doOnce(
  actions: Readonly<Record<string, ActionHandler>>,
): Record<string, ActionHandler> {
  const asked = new Map<string, Asked>();
  const wrapped = Object.entries(TOKEN_MEMBERS).map(([action, member]) => {
    const handler = actions[action] as ActionHandler;
    const once: ActionHandler = (input, context) => {
      const token = optionalText(input, member);
      if (token === undefined) return handler(input, context);
      judgeToken(token, member);
      // A token is of one stack, and those of change sets are their own.
      const key = `${member} ${String(input['StackName'])} ${token}`;
      const before = asked.get(key);
      const inputHash = hashInput(input);
      if (before !== undefined) {
        if (before.action === action && before.inputHash === inputHash) return before.answer;
        throw new AwsError('TokenAlreadyExistsException', `Token ${token} already exists`);
      }
      const answer = (async (): Promise<unknown> => handler(input, context))();
      asked.set(key, { action, inputHash, answer });
      const [oldest] = asked.keys();
      if (asked.size > TOKENS_MAX && oldest !== undefined) asked.delete(oldest);
      // What was refused may be asked again once it has been put right.
      answer.catch(() => asked.delete(key));
      return answer;
    };
    return [action, once] as const;
  });
  return { ...actions, ...Object.fromEntries(wrapped) };
}

function hashInput(input: AwsInput): string {
  const members = Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).digest('hex');
}
