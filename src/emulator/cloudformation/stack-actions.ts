/** Actions that make, change and remove stacks. What they begin goes on behind the answer. */
import type { ActionHandler, AwsInput, CallContext } from '../service.ts';
import { AwsError } from '../service.ts';
import { isNothing, listChanges } from './changes.ts';
import {
  invalidStack,
  isFlagged,
  listOfInput,
  optionalText,
  readInputs,
  requireName,
} from './inputs.ts';
import type { CloudFormationEdges } from './edges.ts';
import { isResourceGone } from './resource-steps.ts';
import type { CloudFormationState } from './state.ts';
import { asDeployer, type EmulatedStack, type StackInputs } from './stack.ts';

/** States from which a stack can be changed. */
const UPDATABLE =
  /^(?:CREATE_COMPLETE|(?:UPDATE|UPDATE_ROLLBACK|IMPORT|IMPORT_ROLLBACK)_COMPLETE|UPDATE_FAILED)$/;
const ON_FAILURE = ['DELETE', 'DO_NOTHING', 'ROLLBACK'] as const;
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/;

export function stackActions(edges: CloudFormationEdges): Record<string, ActionHandler> {
  const { state } = edges;
  return {
    CreateStack: async (input, context) => {
      const name = requireStackName(input, state);
      const onFailure = readOnFailure(input);
      const stack = state.add(name, await readInputs({ ...edges, input, context }));
      readOptions(stack, input);
      beginCreate(state, stack, context, onFailure);
      return { StackId: stack.id };
    },
    UpdateStack: async (input, context) => {
      const stack = state.require(requireName(input, 'StackName'));
      refuseBusy(stack);
      const inputs = await readInputs({ ...edges, input, context, stack });
      const changes = await listChanges(stack, inputs, changeEdges(state, context, inputs));
      if (isNothing(changes, stack.inputs, inputs) && stack.status !== 'UPDATE_FAILED')
        throw invalidStack('No updates are to be performed.');
      readOptions(stack, input);
      beginUpdate(state, stack, context, inputs);
      return { StackId: stack.id };
    },
    DeleteStack: (input, context) => {
      // A stack that is not there is no fault.
      const stack = state.find(requireName(input, 'StackName'));
      if (stack === undefined || stack.isDeleted || stack.status === 'DELETE_IN_PROGRESS')
        return {};
      if (stack.isProtected)
        throw invalidStack(
          `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`,
        );
      if (stack.isBusy && !/^(?:CREATE|ROLLBACK)/.test(stack.status))
        throw invalidStack(`Stack [${stack.id}] cannot be deleted while in status ${stack.status}`);
      const retained = listOfInput(input, 'RetainResources').map(String);
      judgeRetained(stack, retained);
      const roleArn = optionalText(input, 'RoleARN');
      if (roleArn !== undefined) stack.inputs = { ...stack.inputs, roleArn };
      stack.token = optionalText(input, 'ClientRequestToken');
      stack.become('DELETE_IN_PROGRESS', 'User Initiated');
      // With one of them, a stack that is gone could be made once more.
      state.dropChangeSets(stack);
      state.begin(stack, context, (operation) => operation.remove(retained));
      return {};
    },
    CancelUpdateStack: (input) => {
      const stack = state.require(requireName(input, 'StackName'));
      if (stack.status !== 'UPDATE_IN_PROGRESS')
        throw invalidStack(`CancelUpdateStack cannot be called from current stack status`);
      state.callOff(stack, 'User Initiated');
      return {};
    },
    ContinueUpdateRollback: (input, context) => {
      const stack = state.require(requireName(input, 'StackName'));
      if (stack.status !== 'UPDATE_ROLLBACK_FAILED')
        throw invalidStack(
          `Stack:${stack.id} is in ${stack.status} state and can not continue update rollback.`,
        );
      const skipped = listOfInput(input, 'ResourcesToSkip').map(String);
      stack.become('UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated');
      state.begin(stack, context, (operation) => operation.continueRollback(skipped));
      return {};
    },
    UpdateTerminationProtection: (input) => {
      const stack = state.require(requireName(input, 'StackName'));
      stack.isProtected = isFlagged(input, 'EnableTerminationProtection');
      return { StackId: stack.id };
    },
    SignalResource: (input) => {
      const stack = state.require(requireName(input, 'StackName'));
      const id = requireName(input, 'LogicalResourceId');
      const signals = stack.signals.get(id);
      if (signals === undefined || stack.resources.get(id)?.status !== 'CREATE_IN_PROGRESS')
        throw invalidStack(`Resource ${id} is in no state that waits for signals`);
      signals.set(requireName(input, 'UniqueId'), requireName(input, 'Status') === 'SUCCESS');
      return {};
    },
  };
}

/** @throws AwsError for a name that is none, or that a stack has */
export function requireStackName(input: AwsInput, state: CloudFormationState): string {
  const name = requireName(input, 'StackName');
  if (!NAME.test(name))
    throw invalidStack(
      `1 validation error detected: Value '${name.slice(0, 130)}' at 'stackName' failed to ` +
        'satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*',
    );
  const found = state.find(name);
  if (found !== undefined && found.status !== 'REVIEW_IN_PROGRESS')
    throw new AwsError('AlreadyExistsException', `Stack [${name}] already exists`);
  return name;
}

export function beginCreate(
  state: CloudFormationState,
  stack: EmulatedStack,
  context: CallContext,
  onFailure: (typeof ON_FAILURE)[number],
): void {
  stack.become('CREATE_IN_PROGRESS', 'User Initiated');
  state.begin(stack, context, (operation) =>
    operation.create(stack.isRollbackDisabled ? 'DO_NOTHING' : onFailure),
  );
}

export function beginUpdate(
  state: CloudFormationState,
  stack: EmulatedStack,
  context: CallContext,
  inputs: StackInputs,
): void {
  const before = stack.inputs;
  stack.inputs = inputs;
  stack.updatedMs = state.clock.nowMs();
  stack.become('UPDATE_IN_PROGRESS', 'User Initiated');
  state.begin(stack, context, (operation) => operation.update(before));
}

/** @throws AwsError for a stack that cannot be changed now */
export function refuseBusy(stack: EmulatedStack): void {
  if (!UPDATABLE.test(stack.status))
    throw invalidStack(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
}

export function readOnFailure(input: AwsInput): (typeof ON_FAILURE)[number] {
  const given = optionalText(input, 'OnFailure') ?? optionalText(input, 'OnStackFailure');
  if (given !== undefined && input['DisableRollback'] !== undefined)
    throw invalidStack('Only one of DisableRollback or OnFailure can be specified.');
  const found = ON_FAILURE.find((one) => one === (given ?? 'ROLLBACK'));
  if (found !== undefined) return found;
  throw invalidStack(`OnFailure ${String(given)} is not one of ${ON_FAILURE.join(', ')}`);
}

/** What a stack has beside its template. */
export function readOptions(stack: EmulatedStack, input: AwsInput): void {
  stack.token = optionalText(input, 'ClientRequestToken');
  stack.isRollbackDisabled = isFlagged(input, 'DisableRollback');
  stack.retainsExceptOnCreate = isFlagged(input, 'RetainExceptOnCreate');
  if (input['EnableTerminationProtection'] !== undefined)
    stack.isProtected = isFlagged(input, 'EnableTerminationProtection');
  const minutes = Number(input['TimeoutInMinutes'] ?? 0);
  if (minutes > 0) stack.timeoutMinutes = minutes;
}

/** What finds the changes of a stack: calls as who deploys. */
export function changeEdges(
  state: CloudFormationState,
  context: CallContext,
  { roleArn }: StackInputs,
): Parameters<typeof listChanges>[2] {
  return {
    place: state.place,
    importValue: (name) => state.importValue(name),
    deploy: (service, action, members) =>
      state.call(asDeployer(context, roleArn), service, action, members),
  };
}

function judgeRetained(stack: EmulatedStack, retained: readonly string[]): void {
  if (retained.length === 0) return;
  if (stack.status !== 'DELETE_FAILED')
    throw invalidStack('RetainResources can be specified for a stack in DELETE_FAILED state only.');
  const wrong = retained.find((id) => {
    const resource = stack.resources.get(id);
    return resource === undefined || isResourceGone(resource);
  });
  if (wrong !== undefined)
    throw invalidStack(`Resource ${wrong} is not one that could not be deleted.`);
}
