/**
 * What is done to a stack: it is made, changed, rolled back or removed, resource by resource in the
 * order of their graph, as who deploys. An operation ends with the stack in a state that lasts.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { InsideCall } from '../cloud-parts.ts';
import { type AwsPlace, type CallContext } from '../service.ts';
import { readReferences } from './dynamic-references.ts';
import { evaluate, type FunctionScope } from './functions.ts';
import { reverseGraph, walkGraph } from './graph.ts';
import { evaluateOutputs } from './outputs.ts';
import { fitProperties, isSameProperty, listChanged, replaces } from './property-shape.ts';
import { listDependencies } from './references.ts';
import type { Deployer, ResourceTag } from './resource-kind.ts';
import {
  createResource,
  isResourceGone,
  kindOf,
  removeResource,
  type StepParts,
  updateResource,
} from './resource-steps.ts';
import { chooseBranches, chooseResources, openScope } from './scope.ts';
import { createSite, describeFailure } from './site.ts';
import {
  asDeployer,
  type Done,
  type EmulatedStack,
  type StackInputs,
  type StackResource,
  type Undo,
} from './stack.ts';
import type { TemplateResource, Values } from './template.ts';
import { refuseSameName, REPLACING, sayFailed } from './operation-words.ts';

export interface OperationEdges {
  readonly clock: Clock;
  readonly place: AwsPlace;
  readonly call: InsideCall;
  /** The value of an export of another stack. @throws AwsError */
  importValue(name: string): string;
  /** Why the exports of a stack cannot become these; undefined where they can. */
  judgeExports(stack: EmulatedStack, names: readonly string[]): string | undefined;
}

type OnFailure = 'DELETE' | 'DO_NOTHING' | 'ROLLBACK';

export class StackOperation {
  readonly #stack: EmulatedStack;
  readonly #edges: OperationEdges;
  readonly #deploy: Deployer;
  readonly #steps: StepParts;
  readonly #done: Done[] = [];
  readonly #failed = { create: [] as string[], update: [] as string[] };
  /** Resources that others came in the place of, or that the template lacks now. */
  #leftovers: { resource: StackResource; policy: string }[] = [];

  constructor(stack: EmulatedStack, context: CallContext, edges: OperationEdges) {
    this.#stack = stack;
    this.#edges = edges;
    const deployer = asDeployer(context, stack.inputs.roleArn);
    this.#deploy = (service, action, input) => edges.call(deployer, service, action, input);
    const { clock, place } = edges;
    this.#steps = {
      stack,
      siteFor: ({ id: logicalId }, tags = stack.inputs.tags) =>
        createSite({ call: this.#deploy, clock, place, stack, logicalId, tags }),
    };
  }

  async create(onFailure: OnFailure): Promise<void> {
    const stack = this.#stack;
    const failure = await this.#bring([]);
    if (failure === undefined) {
      stack.become('CREATE_COMPLETE');
      return;
    }
    stack.cancelledBy = undefined;
    if (onFailure === 'DO_NOTHING') {
      stack.become('CREATE_FAILED', failure);
      return;
    }
    const isDelete = onFailure === 'DELETE';
    stack.become(
      isDelete ? 'DELETE_IN_PROGRESS' : 'ROLLBACK_IN_PROGRESS',
      `${failure}${isDelete ? 'Delete' : 'Rollback'} requested by user.`,
    );
    const left = await this.#removeAll((resource) =>
      resource.deletionPolicy === 'RetainExceptOnCreate' ? 'Delete' : resource.deletionPolicy,
    );
    const word = isDelete ? 'DELETE' : 'ROLLBACK';
    if (left.length > 0) stack.become(`${word}_FAILED`, sayFailed('delete', left));
    else this.#end(`${word}_COMPLETE`);
  }

  /** @param before  what the stack was made of until now; `inputs` are the new ones already */
  async update(before: StackInputs): Promise<void> {
    const stack = this.#stack;
    const failure = await this.#bring(before.tags);
    if (failure === undefined) {
      this.#dropUnused();
      stack.become('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      await this.#cleanUp();
      stack.become('UPDATE_COMPLETE');
      return;
    }
    stack.cancelledBy = undefined;
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
    const left = await this.#removeAll((resource) =>
      retained.includes(resource.id) ? 'Retain' : resource.deletionPolicy.replace(/Ex.*$/, ''),
    );
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
    const stack = this.#stack;
    let scope: FunctionScope;
    let chosen: ReadonlyMap<string, TemplateResource>;
    try {
      scope = await this.#openScope();
      chosen = chooseResources(stack.inputs.template, scope);
    } catch (error) {
      return `${describeFailure(error)}. `;
    }
    const ids = new Set(chosen.keys());
    const waits = new Map(
      [...chosen].map(([id, resource]) => {
        const properties = chooseBranches(resource.properties, scope) as Values;
        return [id, listDependencies({ ...resource, properties }, ids)] as const;
      }),
    );
    this.#leave(ids);
    await walkGraph(waits, async (id) => {
      const resource = chosen.get(id) as TemplateResource;
      const isDone = await this.#step(resource, {
        scope,
        dependsOn: waits.get(id) ?? [],
        tagsBefore,
      });
      if (!isDone) stack.cancelledBy ??= 'Resource creation cancelled';
      return isDone && stack.cancelledBy === undefined;
    });
    const { create, update } = this.#failed;
    if (create.length > 0 || update.length > 0)
      return sayFailed('create', create) + sayFailed('update', update);
    if (stack.cancelledBy !== undefined) return `${stack.cancelledBy}. `;
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

  /** What the template lacks is removed once all else is done. */
  #leave(ids: ReadonlySet<string>): void {
    for (const resource of [...this.#stack.resources.values()].toReversed())
      if (!ids.has(resource.id))
        this.#leftovers.push({ resource, policy: resource.deletionPolicy });
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
    try {
      const declared = evaluate(template.properties, at.scope) as Values;
      const isUnchanged = old !== undefined && isSameProperty(old.declared, declared);
      const properties = isUnchanged
        ? old.properties
        : fitProperties(
            (await readReferences(declared, this.#deploy)) as Values,
            kindOf(template).shape,
          );
      resource = { ...draft, declared, properties };
      if (old !== undefined) return await this.#change(resource, old, template, at.tagsBefore);
    } catch (error) {
      if (old === undefined) stack.resources.set(id, resource);
      return fail(resource, error);
    }
    stack.resources.set(id, resource);
    const isMade = await createResource(this.#steps, resource, template.creationPolicy);
    this.#done.push({ what: 'created', now: resource });
    return isMade || fail(resource, undefined);
  }

  /** @throws AwsError for what cannot be replaced */
  async #change(
    resource: StackResource,
    before: StackResource,
    { creationPolicy, updatePolicy }: TemplateResource,
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

  async #cleanUp(): Promise<void> {
    const left = new Map(this.#leftovers.map((one) => [one.resource, one]));
    const byId = new Map([...left.keys()].map((resource) => [resource.id, resource]));
    const waits = new Map([...byId].map(([id, { dependsOn }]) => [id, dependsOn]));
    await walkGraph(reverseGraph(waits), async (id) => {
      const one = left.get(byId.get(id) as StackResource);
      if (one !== undefined) await removeResource(this.#steps, one.resource, one.policy);
      return true;
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
    await this.#cleanUp();
    stack.become('UPDATE_ROLLBACK_COMPLETE');
  }

  /** Removes what is there, what uses others first; after a failure all else that can be. */
  async #removeAll(policyOf: (resource: StackResource) => string): Promise<string[]> {
    const { resources } = this.#stack;
    const waits = new Map([...resources].map(([id, { dependsOn }]) => [id, dependsOn]));
    const users = reverseGraph(waits);
    const failed = new Set<string>();
    await walkGraph(users, async (id) => {
      const resource = resources.get(id) as StackResource;
      // What uses it is still there: it would be refused, and is said with the others.
      const isUsed = (users.get(id) ?? []).some((one) => failed.has(one));
      if (isUsed && !isResourceGone(resource)) return true;
      if (!(await removeResource(this.#steps, resource, policyOf(resource)))) failed.add(id);
      return true;
    });
    return [...failed];
  }
}
