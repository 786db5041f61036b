/** Actions of change sets: what a template would change, looked at before it is done. */
import { randomUUID } from 'node:crypto';
import { AwsError, type ActionHandler, type AwsInput } from '../service.ts';
import { showChangeSet, summarizeChangeSet } from './answers.ts';
import { isNothing, listChanges } from './changes.ts';
import { judgeName, judgeWords } from './constraints.ts';
import type { CloudFormationEdges } from './edges.ts';
import { invalidStack, optionalText, readInputs, requireName } from './inputs.ts';
import { cutStackPage } from './pages.ts';
import { describeFailure } from './site.ts';
import {
  beginCreate,
  beginUpdate,
  changeEdges,
  readOnFailure,
  readOptions,
  refuseBusy,
  refuseTaken,
  requireStackName,
} from './stack-actions.ts';
import type { ChangeSet, CloudFormationState } from './state.ts';

const NOTHING =
  "The submitted information didn't contain changes. Submit different information to create a " +
  'change set.';

export function changeSetActions(edges: CloudFormationEdges): Record<string, ActionHandler> {
  const { state } = edges;
  return {
    CreateChangeSet: async (input, context) => {
      const type = readType(input, state);
      const name = judgeName(requireName(input, 'ChangeSetName'), 'ChangeSetName');
      if (input['OnStackFailure'] !== undefined && type !== 'CREATE')
        judgeWords([String(input['OnStackFailure'])], 'OnStackFailure', ['DO_NOTHING', 'ROLLBACK']);
      const onFailure = readOnFailure(input);
      const known = type === 'UPDATE' ? state.require(requireName(input, 'StackName')) : undefined;
      if (known !== undefined) refuseBusy(known);
      const inputs = await readInputs({
        ...edges,
        input,
        context,
        ...(known === undefined ? {} : { stack: known }),
      });
      // Another call may have begun something while this one was read.
      if (known !== undefined) refuseBusy(known);
      const stack = known ?? openReview(input, state, inputs);
      if ([...state.changeSets.values()].some((one) => one.stack === stack && one.name === name))
        throw new AwsError(
          'AlreadyExistsException',
          `ChangeSet ${name} already exists for stack ${stack.name}`,
        );
      const { region, accountId } = state.place;
      const description = optionalText(input, 'Description');
      const changeSet: ChangeSet = {
        id: `arn:aws:cloudformation:${region}:${accountId}:changeSet/${name}/${randomUUID()}`,
        name,
        stack,
        inputs,
        type,
        createdMs: state.clock.nowMs(),
        ...(description === undefined ? {} : { description }),
        onFailure,
        status: 'CREATE_PENDING',
        executionStatus: 'UNAVAILABLE',
        changes: [],
      };
      state.addChangeSet(changeSet);
      await fill(changeSet, () => listChanges(stack, inputs, changeEdges(state, context, inputs)));
      return { Id: changeSet.id, StackId: stack.id };
    },
    DescribeChangeSet: (input) => showChangeSet(requireChangeSet(input, state), input),
    ListChangeSets: (input) => {
      const stack = state.require(requireName(input, 'StackName'));
      const all = [...state.changeSets.values()].filter((one) => one.stack === stack);
      const { page, ...more } = cutStackPage(all, input);
      return { Summaries: page.map(summarizeChangeSet), ...more };
    },
    ExecuteChangeSet: (input, context) => {
      const changeSet = requireChangeSet(input, state);
      const { stack, inputs, type } = changeSet;
      if (changeSet.executionStatus !== 'AVAILABLE')
        throw new AwsError(
          'InvalidChangeSetStatus',
          `ChangeSet [${changeSet.id}] cannot be executed in its current ` +
            (changeSet.status === 'CREATE_COMPLETE'
              ? `execution status of [${changeSet.executionStatus}]`
              : `status of [${changeSet.status}]`),
        );
      if (type === 'UPDATE') refuseBusy(stack);
      changeSet.executionStatus = 'EXECUTE_COMPLETE';
      stack.changeSetId = changeSet.id;
      Object.assign(stack, readOptions(input));
      // Those that were not chosen are of a stack that is no more.
      state.dropChangeSets(stack, changeSet);
      if (type === 'UPDATE') beginUpdate(state, stack, context, inputs);
      else {
        stack.inputs = inputs;
        beginCreate(state, stack, context, changeSet.onFailure);
      }
      return {};
    },
    DeleteChangeSet: (input) => {
      const found = findChangeSet(input, state);
      if (found !== undefined) state.changeSets.delete(found.id);
      return {};
    },
  };
}

/** A stack that is not there can only be made; `aws cloudformation deploy` says which. */
function readType(input: AwsInput, state: CloudFormationState): 'CREATE' | 'UPDATE' {
  const given = optionalText(input, 'ChangeSetType') ?? 'UPDATE';
  if (given !== 'CREATE' && given !== 'UPDATE')
    throw invalidStack(
      `this emulator has no change sets of type ${given}; it has CREATE and UPDATE`,
    );
  const stack = state.find(requireName(input, 'StackName'));
  if (given === 'UPDATE' && stack?.status === 'REVIEW_IN_PROGRESS')
    throw invalidStack(`Stack:${stack.id} is in REVIEW_IN_PROGRESS state and can not be updated.`);
  return given;
}

/** The stack that a change set of type CREATE stands for until it is executed. */
function openReview(
  input: AwsInput,
  state: CloudFormationState,
  inputs: ChangeSet['inputs'],
): ChangeSet['stack'] {
  const name = requireStackName(input);
  const found = state.find(name);
  if (found?.status === 'REVIEW_IN_PROGRESS') return found;
  refuseTaken(name, state);
  const stack = state.add(name, inputs);
  stack.become('REVIEW_IN_PROGRESS', 'User Initiated');
  return stack;
}

async function fill(
  changeSet: ChangeSet,
  find: () => Promise<ChangeSet['changes']>,
): Promise<void> {
  const { stack, inputs, type } = changeSet;
  try {
    changeSet.changes = await find();
    if (type === 'UPDATE' && isNothing(changeSet.changes, stack.inputs, inputs))
      throw invalidStack(NOTHING);
    changeSet.status = 'CREATE_COMPLETE';
    changeSet.executionStatus = 'AVAILABLE';
  } catch (error) {
    changeSet.status = 'FAILED';
    changeSet.reason = describeFailure(error);
  }
}

function findChangeSet(input: AwsInput, state: CloudFormationState): ChangeSet | undefined {
  const name = requireName(input, 'ChangeSetName');
  const byId = state.changeSets.get(name);
  // By its ARN alone it is a resource of its own. With a stack it is one of that stack, to which
  // policies allow the call: the ARN of another's would go round them.
  if (byId !== undefined && optionalText(input, 'StackName') === undefined) return byId;
  const stackName = requireName(input, 'StackName');
  return [...state.changeSets.values()].find(
    ({ id, name: own, stack }) =>
      (own === name || id === name) && (stack.name === stackName || stack.id === stackName),
  );
}

/** @throws AwsError ChangeSetNotFound */
export function requireChangeSet(input: AwsInput, state: CloudFormationState): ChangeSet {
  const found = findChangeSet(input, state);
  if (found !== undefined) return found;
  const name = requireName(input, 'ChangeSetName');
  throw new AwsError('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, 404);
}
