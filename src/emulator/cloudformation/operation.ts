/**
 * What is done to a stack: it is made, changed, rolled back or removed, resource by resource in the
 * order of their graph, as who deploys. An operation ends with the stack in a state that lasts.
 */
import type { CallContext } from '../service.ts';
import { readReferences } from './dynamic-references.ts';
import type { OperationEdges } from './operation-edges.ts';
import { evaluate, type FunctionScope } from './functions.ts';
import { walkGraph } from './graph.ts';
import { evaluateOutputs } from './outputs.ts';
import { fitProperties, isSameProperty, listChanged, replaces } from './property-shape.ts';
import { type Leftover, type Removal, removeAll, removeLeftovers } from './removal.ts';
import type { Deployer, ResourceTag } from './resource-kind.ts';
import {
  createResource,
  isResourceGone,
  kindOf,
  type StepParts,
  updateResource,
} from './resource-steps.ts';
import { chooseResources, findWaits, openScope } from './scope.ts';
import { createSite, describeFailure } from './site.ts';
import {
  asDeployer,
  type Done,
  type EmulatedStack,
  type StackInputs,
  type StackResource,
  type Undo,
} from './stack.ts';
import type { TemplateResource } from './template.ts';
import type { Values } from './values.ts';
import { CANCELLED, refuseSameName, REPLACING, sayFailed } from './operation-words.ts';

export type OnFailure = 'DELETE' | 'DO_NOTHING' | 'ROLLBACK';

export class StackOperation {
  readonly #stack: EmulatedStack;
  readonly #edges: OperationEdges;
  readonly #deploy: Deployer;
  readonly #steps: StepParts;
  readonly #removal: Removal;
  readonly #done: Done[] = [];
  readonly #failed = { create: [] as string[], update: [] as string[] };
  #leftovers: Leftover[] = [];
  /** Why no more is made. */
  #calledOff: string | undefined;
  #isMaking = false;
  #hasGivenWay = false;

  constructor(stack: EmulatedStack, context: CallContext, edges: OperationEdges) {
    this.#stack = stack;
    this.#edges = edges;
    const deployer = asDeployer(context, stack.inputs.roleArn);
    this.#deploy = (service, action, input) => edges.call(deployer, service, action, input);
    const { clock, place, signal } = edges;
    const parts = { call: this.#deploy, clock, place, signal, stack };
    const calledOff = (): string | undefined => this.#calledOff;
    this.#steps = {
      stack,
      siteFor: ({ id: logicalId }, { tags = stack.inputs.tags, canBeCalledOff } = {}) =>
        createSite({
          ...parts,
          logicalId,
          tags,
          calledOff: canBeCalledOff === true ? calledOff : undefined,
        }),
    };
    this.#removal = { steps: this.#steps, isOver: () => this.isOver };
  }

  /** Whether it ends without a word: another is to be done to the stack, or nothing any more. */
  get isOver(): boolean {
    return this.#hasGivenWay || this.#edges.signal.aborted;
  }

  /** Makes no more, and takes back what was made; what is removed already goes on. */
  callOff(reason: string): void {
    if (this.#isMaking) this.#calledOff ??= reason;
  }

  /** Leaves the stack to another operation, which comes once this one has ended. */
  giveWay(): void {
    this.#hasGivenWay = true;
    this.callOff(CANCELLED);
  }

  async create(onFailure: OnFailure): Promise<void> {
    const stack = this.#stack;
    const failure = await this.#bring([]);
    if (this.isOver) return;
    if (failure === undefined) {
      stack.become('CREATE_COMPLETE');
      return;
    }
    if (onFailure === 'DO_NOTHING') {
      stack.become('CREATE_FAILED', failure);
      return;
    }
    const isDelete = onFailure === 'DELETE';
    stack.become(
      isDelete ? 'DELETE_IN_PROGRESS' : 'ROLLBACK_IN_PROGRESS',
      `${failure}${isDelete ? 'Delete' : 'Rollback'} requested by user.`,
    );
    const left = await removeAll(this.#removal, ({ deletionPolicy: policy }) => {
      const isDeleted = policy === 'RetainExceptOnCreate' || stack.retainsExceptOnCreate;
      return policy.startsWith('Retain') && isDeleted ? 'Delete' : policy;
    });
    if (this.isOver) return;
    const word = isDelete ? 'DELETE' : 'ROLLBACK';
    if (left.length > 0) stack.become(`${word}_FAILED`, sayFailed('delete', left));
    else this.#end(`${word}_COMPLETE`);
  }

  /** @param before  what the stack was made of until now; `inputs` are the new ones already */
  async update(before: StackInputs): Promise<void> {
    const stack = this.#stack;
    const failure = await this.#bring(before.tags);
    if (this.isOver) return;
    if (failure === undefined) {
      this.#dropUnused();
      stack.become('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      await removeLeftovers(this.#removal, this.#leftovers);
      if (this.isOver) return;
      stack.become('UPDATE_COMPLETE');
      return;
    }
    if (stack.isRollbackDisabled) {
      stack.become('UPDATE_FAILED', failure);
      return;
    }
    stack.become('UPDATE_ROLLBACK_IN_PROGRESS', failure);
    const tagsNow = stack.inputs.tags;
    stack.inputs = before;
    await this.#rollBack({ done: this.#done, tagsNow, skipped: [] });
  }

  /** Goes on with a roll-back that failed. */
  async continueRollback(skipped: readonly string[]): Promise<void> {
    const { pendingUndo } = this.#stack;
    if (pendingUndo !== undefined) await this.#rollBack({ ...pendingUndo, skipped });
  }

  /** @param retained  ids of resources that are to stay */
  async remove(retained: readonly string[]): Promise<void> {
    const stack = this.#stack;
    const refusal = this.#edges.judgeExports(stack, []);
    if (refusal !== undefined) {
      stack.become('DELETE_FAILED', refusal);
      return;
    }
    const left = await removeAll(this.#removal, (resource) =>
      retained.includes(resource.id) ? 'Retain' : resource.deletionPolicy.replace(/Ex.*$/, ''),
    );
    if (this.isOver) return;
    if (left.length > 0) stack.become('DELETE_FAILED', sayFailed('delete', left));
    else this.#end('DELETE_COMPLETE');
  }

  #end(status: string): void {
    this.#stack.outputs = [];
    if (status === 'DELETE_COMPLETE') this.#stack.deletedMs = this.#edges.clock.nowMs();
    this.#stack.become(status);
  }

  /**
   * Makes of the resources that are there those of the template.
   *
   * @returns  why not, in CloudFormation's words
   */
  async #bring(tagsBefore: readonly ResourceTag[]): Promise<string | undefined> {
    this.#isMaking = true;
    const failure = await this.#make(tagsBefore);
    this.#isMaking = false;
    // What is taken back is not called off.
    this.#calledOff = undefined;
    return failure;
  }

  async #make(tagsBefore: readonly ResourceTag[]): Promise<string | undefined> {
    const stack = this.#stack;
    let scope: FunctionScope;
    let chosen: ReadonlyMap<string, TemplateResource>;
    let waits: ReadonlyMap<string, readonly string[]>;
    try {
      scope = await this.#openScope();
      chosen = chooseResources(stack.inputs.template, scope);
      waits = findWaits(chosen, scope);
    } catch (error) {
      return `${describeFailure(error)}. `;
    }
    // What the template lacks is removed once all else is done.
    for (const resource of [...stack.resources.values()].toReversed())
      if (!chosen.has(resource.id))
        this.#leftovers.push({ resource, policy: resource.deletionPolicy });
    await walkGraph(waits, async (id) => {
      if (this.#calledOff !== undefined || this.isOver) return false;
      const resource = chosen.get(id) as TemplateResource;
      const isDone = await this.#step(resource, {
        scope,
        dependsOn: waits.get(id) ?? [],
        tagsBefore,
      });
      if (!isDone) this.callOff(CANCELLED);
      return isDone && this.#calledOff === undefined;
    });
    const { create, update } = this.#failed;
    if (create.length > 0 || update.length > 0)
      return sayFailed('create', create) + sayFailed('update', update);
    if (this.#calledOff !== undefined) return `${this.#calledOff}. `;
    return this.#output(scope);
  }

  #openScope(): Promise<FunctionScope> {
    const stack = this.#stack;
    return openScope({
      inputs: stack.inputs,
      stack,
      place: this.#edges.place,
      deploy: this.#deploy,
      importValue: (name) => {
        const value = this.#edges.importValue(name);
        stack.imports.add(name);
        return value;
      },
      findMade: (id) => stack.resources.get(id)?.made,
    });
  }

  async #step(
    template: TemplateResource,
    at: {
      readonly scope: FunctionScope;
      readonly dependsOn: readonly string[];
      readonly tagsBefore: readonly ResourceTag[];
    },
  ): Promise<boolean> {
    const { id, type, deletionPolicy, updateReplacePolicy, metadata } = template;
    const stack = this.#stack;
    const known = stack.resources.get(id);
    const old = known === undefined || isResourceGone(known) ? undefined : known;
    const fail = (resource: StackResource, error: unknown): false => {
      const verb = old === undefined ? 'create' : 'update';
      this.#failed[verb].push(id);
      if (error !== undefined)
        stack.tell(resource, `${verb.toUpperCase()}_FAILED`, describeFailure(error));
      return false;
    };
    const draft = {
      id,
      type,
      deletionPolicy,
      updateReplacePolicy,
      metadata,
      dependsOn: at.dependsOn,
      status: old?.status ?? '',
      timestampMs: old?.timestampMs ?? 0,
    };
    let resource: StackResource = { ...draft, declared: {}, properties: {} };
    let creationPolicy: Values;
    try {
      creationPolicy = evaluate(template.creationPolicy, at.scope) as Values;
      const declared = evaluate(template.properties, at.scope) as Values;
      const isUnchanged = old !== undefined && isSameProperty(old.declared, declared);
      const properties = isUnchanged
        ? old.properties
        : fitProperties(
            (await readReferences(declared, this.#deploy)) as Values,
            kindOf(template).shape,
          );
      resource = { ...draft, declared, properties };
      if (old !== undefined) {
        const policies = { creationPolicy, updatePolicy: template.updatePolicy };
        return await this.#change(resource, old, policies, at.tagsBefore);
      }
    } catch (error) {
      if (old === undefined) stack.resources.set(id, resource);
      return fail(resource, error);
    }
    stack.resources.set(id, resource);
    const isMade = await createResource(this.#steps, resource, creationPolicy);
    this.#done.push({ what: 'created', now: resource });
    return isMade || fail(resource, undefined);
  }

  /** @throws AwsError for what cannot be replaced */
  async #change(
    resource: StackResource,
    before: StackResource,
    { creationPolicy, updatePolicy }: Pick<TemplateResource, 'creationPolicy' | 'updatePolicy'>,
    tagsBefore: readonly ResourceTag[],
  ): Promise<boolean> {
    const { id } = resource;
    const stack = this.#stack;
    const kind = kindOf(resource);
    const changed = listChanged(before.properties, resource.properties);
    const hasTags = 'Tags' in kind.shape.members && !isSameProperty(tagsBefore, stack.inputs.tags);
    if (changed.length === 0 && !hasTags) {
      stack.resources.set(id, {
        ...before,
        ...resource,
        made: before.made as NonNullable<typeof before.made>,
      });
      return true;
    }
    const isReplaced =
      replaces(changed, kind.shape) ||
      kind.replacesByPolicy?.(updatePolicy, changed) === true ||
      (changed.length > 0 && kind.update === undefined);
    if (isReplaced) {
      refuseSameName(kind.name, before, resource);
      stack.tell(before, 'UPDATE_IN_PROGRESS', REPLACING);
      stack.resources.set(id, resource);
      this.#done.push({ what: 'replaced', now: resource, before });
      const isMade = await createResource(this.#steps, resource, creationPolicy);
      if (!isMade) this.#failed.create.push(id);
      else stack.tell(resource, 'UPDATE_COMPLETE');
      return isMade;
    }
    resource.made = before.made as NonNullable<typeof before.made>;
    stack.resources.set(id, resource);
    this.#done.push({ what: 'updated', now: resource, before });
    const isChanged = await updateResource(this.#steps, { resource, before, tagsBefore });
    if (!isChanged) this.#failed.update.push(id);
    return isChanged;
  }

  #output(scope: FunctionScope): string | undefined {
    const stack = this.#stack;
    try {
      const outputs = evaluateOutputs(stack.inputs.template, scope);
      const names = outputs.flatMap(({ exportName = [] }) => exportName);
      const refusal = this.#edges.judgeExports(stack, names);
      if (refusal !== undefined) return `${refusal}. `;
      stack.outputs = outputs;
      return undefined;
    } catch (error) {
      return `${describeFailure(error)}. `;
    }
  }

  /** After a change: what was replaced, and what the template lacks, is to go. */
  #dropUnused(): void {
    for (const { resource } of this.#leftovers) this.#stack.resources.delete(resource.id);
    for (const done of this.#done)
      if (done.what === 'replaced')
        this.#leftovers.push({
          resource: done.before,
          policy: done.before.updateReplacePolicy,
        });
  }

  async #rollBack({
    done,
    tagsNow,
    skipped,
  }: Undo & { skipped: readonly string[] }): Promise<void> {
    const stack = this.#stack;
    this.#leftovers = [];
    const failed: Done[] = [];
    for (const one of done.toReversed()) {
      if (this.isOver) return;
      const { now } = one;
      if (one.what === 'created') {
        this.#leftovers.push({ resource: now, policy: 'Delete' });
        stack.resources.delete(now.id);
      } else if (one.what === 'replaced') {
        this.#leftovers.push({ resource: now, policy: 'Delete' });
        stack.resources.set(now.id, one.before);
        stack.tell(one.before, 'UPDATE_COMPLETE');
      } else if (skipped.includes(now.id)) stack.tell(now, 'UPDATE_COMPLETE', 'Skipped');
      else {
        const resource = { ...one.before, made: now.made as NonNullable<typeof now.made> };
        stack.resources.set(now.id, resource);
        const step = { resource, before: now, tagsBefore: tagsNow, tags: stack.inputs.tags };
        if (!(await updateResource(this.#steps, step))) failed.unshift(one);
      }
    }
    if (failed.length > 0) {
      const rest = done.filter((one) => one.what !== 'updated' || failed.includes(one));
      stack.pendingUndo = { done: rest, tagsNow };
      const ids = failed.map(({ now }) => now.id);
      stack.become('UPDATE_ROLLBACK_FAILED', sayFailed('update', ids));
      return;
    }
    stack.pendingUndo = undefined;
    stack.become('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    await removeLeftovers(this.#removal, this.#leftovers);
    if (this.isOver) return;
    stack.become('UPDATE_ROLLBACK_COMPLETE');
  }
}
