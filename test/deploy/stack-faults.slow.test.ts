/**
 * A call that fails, for each type of resource that a model has: while the stack is made, changed
 * and deleted, each call that changes something. What is taken back is taken back wholly, and what
 * failed is named.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { renderTemplateText } from '../../src/deploy/cloudformation/render.ts';
import type { ResourceKind, Site } from '../../src/emulator/cloudformation/resource-kind.ts';
import { RESOURCE_KINDS } from '../../src/emulator/cloudformation/resources/kinds.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { listAll } from './account-left.ts';
import { describeModel, MODELS } from './models.ts';
import { StackAccount } from './stack-life.ts';

const CODE = 'InternalServerError';
const NAME = 'metrics';
const READS = /^(?:Describe|Get|List)/;

/** The smallest model that has a type. */
const models = new Map<string, string>();
const sized = Object.entries(MODELS)
  .map(([name, more]) => ({ name, resources: describeModel(more).resources }))
  .toSorted((a, b) => a.resources.length - b.resources.length);
for (const { name, resources } of sized)
  for (const { type } of resources) if (!models.has(type)) models.set(type, name);

/** Lets one call of a kind's resources fail, by the emulator's own trouble. */
class Saboteur {
  readonly #account: StackAccount;
  #left = 0;
  #steps: readonly string[] = [];
  /** The logical id of the resource whose call failed. */
  struck: string | undefined;

  constructor(context: TestContext, account: StackAccount, kind: ResourceKind) {
    this.#account = account;
    for (const step of ['create', 'settle', 'update', 'remove'] as const) {
      const own = kind[step]?.bind(kind) as ((...given: unknown[]) => Promise<unknown>) | undefined;
      if (own === undefined) continue;
      context.mock.method(kind as Required<ResourceKind>, step, (...given: unknown[]) => {
        const site = given.pop() as Site;
        return own(...given, this.#steps.includes(step) ? this.#spoil(site) : site);
      });
    }
  }

  /** From now on, of these steps, the call of this number that changes something. */
  arm(number: number, steps: readonly string[]): void {
    this.#left = number;
    this.#steps = steps;
    this.struck = undefined;
  }

  #spoil(site: Site): Site {
    const { trouble } = this.#account.cloud;
    return {
      ...site,
      call: (service, action, input) => {
        if (READS.test(action)) return site.call(service, action, input);
        this.#left -= 1;
        if (this.#left !== 0) return site.call(service, action, input);
        this.struck = String(site.systemTags.find(({ Key }) => Key.endsWith('logical-id'))?.Value);
        trouble.set({ faults: [{ action, code: CODE, count: 1 }] });
        const made = site.call(service, action, input);
        trouble.set({});
        return made;
      },
    };
  }
}

/** The stack of a model in an account of its own. */
class TroubledStack {
  readonly #account: StackAccount;
  readonly saboteur: Saboteur;
  readonly #first: string;
  readonly #changed: string;

  static async open(context: TestContext, type: string): Promise<TroubledStack> {
    const account = new StackAccount(temporaryFolder(context));
    await account.furnish();
    const { first, changed } = await account.describe(MODELS[models.get(type) ?? ''] ?? {});
    // Of what is to be kept too, nothing is kept here.
    const [one, other] = [first, changed].map((template) =>
      renderTemplateText(template).text.replaceAll('"Retain"', '"Delete"'),
    );
    const kind = RESOURCE_KINDS.get(type);
    assert.ok(kind !== undefined && one !== undefined && other !== undefined);
    return new TroubledStack(account, new Saboteur(context, account, kind), one, other);
  }

  private constructor(account: StackAccount, saboteur: Saboteur, first: string, changed: string) {
    this.#account = account;
    this.saboteur = saboteur;
    this.#first = first;
    this.#changed = changed;
  }

  listAll(): Promise<string[]> {
    return listAll(this.#account.cloud);
  }

  async #call<Answer>(action: string, input: object = {}): Promise<Answer> {
    const { asRoot } = this.#account.cloud;
    return asRoot<Answer>('cloudformation', action, { StackName: NAME, ...input });
  }

  /** Each gives how the stack rests. */
  async create(): Promise<string> {
    return this.#begin('CreateStack', this.#first);
  }

  async change(): Promise<string> {
    return this.#begin('UpdateStack', this.#changed);
  }

  async #begin(action: string, TemplateBody: string): Promise<string> {
    const given = { TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] };
    const { StackId } = await this.#call<{ StackId: string }>(action, given);
    return this.#account.settle(StackId);
  }

  async remove(): Promise<string> {
    const id = await this.#readId();
    await this.#call('DeleteStack');
    return this.#account.settle(id);
  }

  async #readId(): Promise<string> {
    const { Stacks } = await this.#call<{ Stacks: { StackId: string }[] }>('DescribeStacks');
    return Stacks[0]?.StackId ?? '';
  }

  async detectDrift(): Promise<void> {
    await this.#account.detectDrift(await this.#call('DetectStackDrift'));
  }

  /** Asserts that an event has the resource and the reason. */
  async assertTold(status: RegExp): Promise<void> {
    const events = await this.#account.listFailures(await this.#readId(), (one) => {
      const isOwn = one['LogicalResourceId'] === this.saboteur.struck;
      return isOwn && status.test(one['ResourceStatus'] ?? '');
    });
    assert.ok(
      events.some((reason) => reason.includes(CODE)),
      `${this.saboteur.struck}: ${events.join('\n')}`,
    );
  }
}

/** Runs it for the first call, the second, until there are no more. */
async function forEachCall(
  stack: TroubledStack,
  steps: readonly string[],
  run: (number: number) => Promise<boolean>,
): Promise<number> {
  for (let number = 1; ; number += 1) {
    stack.saboteur.arm(number, steps);
    if (!(await run(number))) return number - 1;
  }
}

let changes = 0;

for (const type of [...models.keys()].toSorted())
  test(`${type}: a call that fails is told, and what was done is taken back`, async (context) => {
    const stack = await TroubledStack.open(context, type);
    const before = await stack.listAll();
    const made = await forEachCall(stack, ['create', 'settle'], async (number) => {
      const end = await stack.create();
      const isStruck = stack.saboteur.struck !== undefined;
      assert.equal(end, isStruck ? 'ROLLBACK_COMPLETE' : 'CREATE_COMPLETE', `call ${number}`);
      if (isStruck) {
        await stack.assertTold(/^CREATE_FAILED$/);
        assert.deepEqual(await stack.listAll(), before, `call ${number} of the creation`);
      }
      assert.equal(await stack.remove(), 'DELETE_COMPLETE');
      assert.deepEqual(await stack.listAll(), before, `deleted after call ${number}`);
      return isStruck;
    });
    assert.ok(made > 0);
    const changed = await forEachCall(stack, ['create', 'settle', 'update'], async (number) => {
      stack.saboteur.arm(0, []);
      assert.equal(await stack.create(), 'CREATE_COMPLETE');
      const former = await stack.listAll();
      stack.saboteur.arm(number, ['create', 'settle', 'update']);
      const end = await stack.change();
      const isStruck = stack.saboteur.struck !== undefined;
      assert.equal(end, isStruck ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE');
      if (isStruck) {
        await stack.assertTold(/^(?:CREATE|UPDATE)_FAILED$/);
        assert.deepEqual(await stack.listAll(), former, `call ${number} of the change`);
        await stack.detectDrift();
      }
      assert.equal(await stack.remove(), 'DELETE_COMPLETE');
      return isStruck;
    });
    changes += changed;
    const removed = await forEachCall(stack, ['remove'], async (number) => {
      stack.saboteur.arm(0, []);
      assert.equal(await stack.create(), 'CREATE_COMPLETE');
      stack.saboteur.arm(number, ['remove']);
      const end = await stack.remove();
      const isStruck = stack.saboteur.struck !== undefined;
      assert.equal(end, isStruck ? 'DELETE_FAILED' : 'DELETE_COMPLETE');
      if (isStruck) {
        await stack.assertTold(/^DELETE_FAILED$/);
        assert.equal(await stack.remove(), 'DELETE_COMPLETE');
      }
      assert.deepEqual(await stack.listAll(), before, `call ${number} of the deletion`);
      return isStruck;
    });
    assert.ok(removed > 0);
    context.diagnostic(`${made} calls of creation, ${changed} of change, ${removed} of deletion`);
  });

test('changes have calls of most types', () => {
  assert.ok(changes > 20, String(changes));
});
