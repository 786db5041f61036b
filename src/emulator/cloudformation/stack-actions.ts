/** Actions that make, change and remove stacks. What they begin goes on behind the answer. */
import type { ActionHandler, AwsInput, CallContext } from '../service.ts';
import { AwsError } from '../service.ts';
import { isNothing, listChanges } from './changes.ts';
import { judgeName, judgeWords, readCountMember } from './constraints.ts';
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

export function stackActions(edges: CloudFormationEdges): Record<string, ActionHandler> {
  const { state } = edges;
  return {
    CreateStack: async (input, context) => {
      const name = requireStackName(input);
      refuseTaken(name, state);
      const onFailure = readOnFailure(input);
      const options = readOptions(input);
      const inputs = await readInputs({ ...edges, input, context });
      // Another call may have made one while this one was read.
      refuseTaken(name, state);
      const stack = state.add(name, inputs);
      Object.assign(stack, options);
      beginCreate(state, stack, context, onFailure);
      return { StackId: stack.id };
    },
    UpdateStack: async (input, context) => {
      const stack = state.require(requireName(input, 'StackName'));
      refuseBusy(stack);
      const options = readOptions(input);
      const inputs = await readInputs({ ...edges, input, context, stack });
      const changes = await listChanges(stack, inputs, changeEdges(state, context, inputs));
      if (isNothing(changes, stack.inputs, inputs) && stack.status !== 'UPDATE_FAILED')
        throw invalidStack('No updates are to be performed.');
      // Another call may have begun one while this one was read.
      refuseBusy(stack);
      Object.assign(stack, options);
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
      const status = requireName(input, 'Status');
      judgeWords([status], 'Status', ['SUCCESS', 'FAILURE']);
      signals.set(requireName(input, 'UniqueId'), status === 'SUCCESS');
      return {};
    },
  };
}

/** @throws AwsError for a name that is none */
export function requireStackName(input: AwsInput): string {
  return judgeName(requireName(input, 'StackName'), 'StackName');
}

/** @throws AwsError for the name of a stack; one that is only looked at yet has it too */
export function refuseTaken(name: string, state: CloudFormationState): void {
  if (state.find(name) !== undefined)
    throw new AwsError('AlreadyExistsException', `Stack [${name}] already exists`);
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
  state.outdateChangeSets(stack);
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

type StackOptions = Pick<EmulatedStack, 'isRollbackDisabled' | 'retainsExceptOnCreate' | 'token'> &
  Partial<Pick<EmulatedStack, 'isProtected' | 'timeoutMinutes'>>;

/** What a stack has beside its template. */
export function readOptions(input: AwsInput): StackOptions {
  const timeoutMinutes = readCountMember(input, 'TimeoutInMinutes');
  return {
    token: optionalText(input, 'ClientRequestToken'),
    isRollbackDisabled: isFlagged(input, 'DisableRollback'),
    retainsExceptOnCreate: isFlagged(input, 'RetainExceptOnCreate'),
    ...(input['EnableTerminationProtection'] === undefined
      ? {}
      : { isProtected: isFlagged(input, 'EnableTerminationProtection') }),
    ...(timeoutMinutes === undefined ? {} : { timeoutMinutes }),
  };
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
