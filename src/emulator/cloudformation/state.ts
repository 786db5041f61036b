/**
 * The stacks of an account in one region, their change sets, exports and findings of drift.
 * Limits: STACKS_MAX stacks, CHANGE_SETS_MAX change sets, DELETED_MAX stacks that are gone and
 * still told, DRIFTS_MAX findings of drift.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { CloudParts, InsideCall } from '../cloud-parts.ts';
import { AwsError, type AwsPlace, type CallContext } from '../service.ts';
import type { ResourceChange } from './changes.ts';
import type { ResourceDrift } from './drift.ts';
import type { OnFailure } from './operation.ts';
import type { OperationEdges } from './operation-edges.ts';
import { StackOperation } from './operation.ts';
import { describeFailure } from './site.ts';
import { EmulatedStack, type StackInputs } from './stack.ts';

const STACKS_MAX = 2_000;
const DELETED_MAX = 100;
const CHANGE_SETS_MAX = 1_000;
const DRIFTS_MAX = 1_000;

export interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stack: EmulatedStack;
  readonly inputs: StackInputs;
  readonly type: 'CREATE' | 'UPDATE';
  readonly description?: string;
  readonly onFailure: OnFailure;
  readonly createdMs: number;
  status: 'CREATE_COMPLETE' | 'CREATE_PENDING' | 'FAILED';
  executionStatus: string;
  reason?: string;
  changes: readonly ResourceChange[];
}

export interface DriftDetection {
  readonly id: string;
  readonly stack: EmulatedStack;
  readonly startedMs: number;
  status: 'DETECTION_COMPLETE' | 'DETECTION_FAILED' | 'DETECTION_IN_PROGRESS';
  reason?: string;
  drifts: readonly ResourceDrift[];
}

type OperationRun = (operation: StackOperation) => Promise<void>;

interface RunningOperation {
  readonly operation: StackOperation;
  /** Never rejects. */
  readonly ended: Promise<void>;
}

export class CloudFormationState {
  readonly clock: Clock;
  readonly place: AwsPlace;
  readonly call: InsideCall;
  readonly stopping: AbortSignal;
  /** By id. */
  readonly stacks = new Map<string, EmulatedStack>();
  readonly changeSets = new Map<string, ChangeSet>();
  readonly detections = new Map<string, DriftDetection>();
  /** What is under way; a stack has one operation at a time. */
  readonly #running = new Map<EmulatedStack, RunningOperation>();
  readonly #edges: OperationEdges;

  constructor(
    place: AwsPlace,
    { clock, call, stopping }: Pick<CloudParts, 'call' | 'clock' | 'stopping'>,
  ) {
    this.clock = clock;
    this.stopping = stopping;
    this.place = place;
    this.call = call;
    this.#edges = {
      clock,
      place,
      call,
      signal: stopping,
      importValue: (name) => this.importValue(name),
      judgeExports: (stack, names) => this.#judgeExports(stack, names),
    };
  }

  /** By name or id; one that is gone by its id alone. */
  find(name: string): EmulatedStack | undefined {
    return (
      this.stacks.get(name) ??
      [...this.stacks.values()].find((stack) => stack.name === name && !stack.isDeleted)
    );
  }

  /** @throws AwsError ValidationError */
  require(name: string): EmulatedStack {
    const found = this.find(name);
    if (found !== undefined) return found;
    throw new AwsError('ValidationError', `Stack with id ${name} does not exist`);
  }

  /** @throws AwsError LimitExceededException */
  add(name: string, inputs: StackInputs): EmulatedStack {
    const all = [...this.stacks.values()];
    if (all.filter(({ isDeleted }) => !isDeleted).length >= STACKS_MAX)
      throw new AwsError(
        'LimitExceededException',
        `Limit for stack has been exceeded: there are ${STACKS_MAX} already`,
      );
    const gone = all.filter(({ isDeleted }) => isDeleted);
    for (const { id } of gone.slice(0, Math.max(0, gone.length - DELETED_MAX)))
      this.stacks.delete(id);
    const { region, accountId } = this.place;
    const id = `arn:aws:cloudformation:${region}:${accountId}:stack/${name}/${randomUUID()}`;
    const stack = new EmulatedStack({ name, id }, inputs, this.clock);
    this.stacks.set(id, stack);
    return stack;
  }

  addChangeSet(changeSet: ChangeSet): void {
    if (this.changeSets.size >= CHANGE_SETS_MAX)
      throw new AwsError(
        'LimitExceededException',
        `there are ${CHANGE_SETS_MAX} change sets already; delete those that are not needed`,
      );
    this.changeSets.set(changeSet.id, changeSet);
  }

  /** Forgets those of a stack, but for one. */
  dropChangeSets(stack: EmulatedStack, kept?: ChangeSet): void {
    for (const one of this.changeSets.values())
      if (one.stack === stack && one !== kept) this.changeSets.delete(one.id);
  }

  /** They tell changes of a stack that is another one now. */
  outdateChangeSets(stack: EmulatedStack): void {
    for (const one of this.changeSets.values())
      if (one.stack === stack && one.executionStatus === 'AVAILABLE')
        one.executionStatus = 'OBSOLETE';
  }

  addDetection(detection: DriftDetection): void {
    const [oldest] = this.detections.keys();
    if (this.detections.size >= DRIFTS_MAX && oldest !== undefined) this.detections.delete(oldest);
    this.detections.set(detection.id, detection);
  }

  /**
   * Begins what takes long; the stack tells what becomes of it. What is under way gives way first:
   * what it has begun to make is made, so that it is known and can be removed.
   */
  begin(stack: EmulatedStack, context: CallContext, run: OperationRun): void {
    const before = this.#running.get(stack);
    before?.operation.giveWay();
    const operation = new StackOperation(stack, context, this.#edges);
    const ended = this.#run(stack, operation, run, before?.ended);
    this.#running.set(stack, { operation, ended });
  }

  async #run(
    stack: EmulatedStack,
    operation: StackOperation,
    run: OperationRun,
    before: Promise<void> | undefined,
  ): Promise<void> {
    if (before !== undefined) await before;
    try {
      await run(operation);
    } catch (error) {
      // Whatever it was: a stack that nothing is done to must not look as if something were.
      const failed = stack.status.replace(/_(?:COMPLETE_CLEANUP_)?IN_PROGRESS$/, '_FAILED');
      if (!operation.isOver) stack.become(failed, `Internal Failure: ${describeFailure(error)}`);
    }
    if (this.#running.get(stack)?.operation === operation) this.#running.delete(stack);
  }

  /** Calls off what is under way; it is taken back. */
  callOff(stack: EmulatedStack, reason: string): void {
    this.#running.get(stack)?.operation.callOff(reason);
  }

  /** All exports, by name. */
  listExports(): Map<string, { readonly stack: EmulatedStack; readonly value: string }> {
    const found = new Map<string, { stack: EmulatedStack; value: string }>();
    for (const stack of this.stacks.values())
      for (const { exportName, value } of stack.isDeleted ? [] : stack.outputs)
        if (exportName !== undefined) found.set(exportName, { stack, value });
    return found;
  }

  /** The stacks that import a name. */
  listImports(name: string): EmulatedStack[] {
    return [...this.stacks.values()].filter(
      ({ imports, isDeleted }) => !isDeleted && imports.has(name),
    );
  }

  importValue(name: string): string {
    const found = this.listExports().get(name);
    if (found !== undefined) return found.value;
    throw new AwsError('ValidationError', `No export named ${name} found.`);
  }

  /** Resolves when what is under way now has ended. */
  async settled(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #judgeExports(stack: EmulatedStack, names: readonly string[]): string | undefined {
    const exports = this.listExports();
    const taken = names.find((name) => (exports.get(name)?.stack ?? stack) !== stack);
    if (taken !== undefined)
      return (
        `Export with name ${taken} is already exported by stack ` +
        (exports.get(taken)?.stack.name ?? '')
      );
    for (const { exportName } of stack.outputs) {
      if (exportName === undefined || names.includes(exportName)) continue;
      const users = this.listImports(exportName).filter((one) => one !== stack);
      if (users.length > 0)
        return (
          `Cannot delete export ${exportName} as it is in use by ` +
          `${users.map(({ name }) => name).join(', ')}.`
        );
    }
    return undefined;
  }
}
