/**
 * The calls of AMP, Amazon Managed Service for Prometheus, on its state. A call that is made again
 * with its client token gets the answer of the first.
 * Limit: the last TOKENS_MAX tokens are known.
 * Source: https://docs.aws.amazon.com/prometheus/latest/APIReference/
 */
import type { ActionHandler, AwsInput, CallContext, JsonService } from '../service.ts';
import { ampAccess } from './policy-needs.ts';
import { alertManagerActions } from './alert-manager.ts';
import { anomalyDetectorActions } from './anomaly-detectors.ts';
import { loggingActions } from './logging.ts';
import { refuseConflict } from './requests.ts';
import { resourcePolicyActions } from './resource-policies.ts';
import {
  createNamespace,
  deleteNamespace,
  describeNamespace,
  listNamespaces,
  putNamespace,
} from './rule-namespaces.ts';
import { scraperActions } from './scrapers.ts';
import type { AmpState } from './state.ts';
import { ampTagActions } from './tags.ts';
import {
  createWorkspace,
  describeConfiguration,
  describeWorkspace,
  listWorkspaces,
  updateAlias,
  updateConfiguration,
  workspaceIdSchema,
} from './workspaces.ts';
import { parseAmpCall } from './requests.ts';

const TOKENS_MAX = 1_000;

/** @param urlOf  the URL of the emulator */
export function createAmp(state: AmpState, urlOf: () => string): JsonService {
  const actions: Record<string, ActionHandler> = {
    CreateWorkspace: (input) => createWorkspace(state, input),
    DescribeWorkspace: (input) =>
      describeWorkspace(state, input, (id) => `${urlOf()}/workspaces/${id}/`),
    ListWorkspaces: (input) => listWorkspaces(state, input),
    DeleteWorkspace: (input) =>
      state.deleteWorkspace(parseAmpCall(workspaceIdSchema, input).workspaceId),
    UpdateWorkspaceAlias: (input) => updateAlias(state, input),
    DescribeWorkspaceConfiguration: (input) => describeConfiguration(state, input),
    UpdateWorkspaceConfiguration: (input) => updateConfiguration(state, input),
    CreateRuleGroupsNamespace: (input) => createNamespace(state, input),
    PutRuleGroupsNamespace: (input) => putNamespace(state, input),
    DescribeRuleGroupsNamespace: (input) => describeNamespace(state, input),
    ListRuleGroupsNamespaces: (input) => listNamespaces(state, input),
    DeleteRuleGroupsNamespace: (input) => deleteNamespace(state, input),
    ...alertManagerActions(state),
    ...loggingActions(state),
    ...resourcePolicyActions(state),
    ...scraperActions(state),
    ...anomalyDetectorActions(state),
    ...ampTagActions(state),
  };
  const answers = new Map<string, Answered>();
  return {
    signingName: 'aps',
    target: 'aps',
    access: ampAccess(state),
    actions: Object.fromEntries(
      Object.entries(actions).map(([action, run]) => [action, onceEach(answers, action, run)]),
    ),
  };
}

interface Answered {
  readonly input: string;
  readonly answer: unknown;
}

/** Runs an action once for each client token; a call that fails can be made again. */
function onceEach(
  answers: Map<string, Answered>,
  action: string,
  run: ActionHandler,
): ActionHandler {
  return (input: AwsInput, call: CallContext) => {
    const { clientToken, ...rest } = input;
    if (typeof clientToken !== 'string') return run(rest, call);
    const key = `${action} ${clientToken}`;
    const text = JSON.stringify(rest);
    const known = answers.get(key);
    if (known !== undefined && known.input !== text)
      throw refuseConflict(
        'clientToken',
        clientToken,
        'The client token was used for a call with other members.',
      );
    if (known !== undefined) return known.answer;
    const answer = run(rest, call);
    answers.set(key, { input: text, answer });
    if (answer instanceof Promise) answer.catch(() => answers.delete(key));
    const [oldest] = answers.keys();
    if (answers.size > TOKENS_MAX && oldest !== undefined) answers.delete(oldest);
    return answer;
  };
}
