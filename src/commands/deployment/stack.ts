/**
 * A stack of CloudFormation, by its name or ARN: the calls that read and change it. Lists are read
 * to their end, up to a bound.
 */
import { randomUUID } from 'node:crypto';
import type * as sdkTypes from '@aws-sdk/client-cloudformation';
import type {
  Change,
  DescribeChangeSetOutput,
  ResourceChange,
  Stack,
  StackEvent,
  StackResourceDrift,
  StackResourceSummary,
  Tag,
} from '@aws-sdk/client-cloudformation';
import { AwsCallError } from '../../aws/calls.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import { parseForeignJson } from '../../kernel/foreign-json.ts';
import { type OperatorSession, describeRefusal } from './session.ts';

type Sdk = typeof sdkTypes;

/** A page has 100 events or resources: far above what a template of 500 resources makes. */
const PAGES_MAX = 100;
/** CloudFormation makes a change set within seconds; some 15 minutes of polls. */
const CHANGE_SET_POLLS_MAX = 200;

export interface ChangeSetInput {
  readonly type: 'CREATE' | 'UPDATE';
  /** The template's text, or where it lies. */
  readonly template: { readonly TemplateBody: string } | { readonly TemplateURL: string };
  readonly tags: readonly Tag[];
}

/** The parts of a template that are looked at. */
export interface TemplateDocument {
  readonly Resources?: Readonly<
    Record<string, { readonly Type?: string; readonly DeletionPolicy?: string }>
  >;
}

export interface MadeChangeSet {
  /** Undefined where it was without changes. */
  readonly arn: string | undefined;
  readonly stackArn: string;
  /** None where the template says what is there already. */
  readonly changes: readonly ResourceChange[];
}

export class StackApi {
  /** As the user named it. */
  readonly name: string;
  readonly session: OperatorSession;
  readonly #sdk: Sdk;
  readonly #client: InstanceType<Sdk['CloudFormationClient']>;

  static async open(name: string, session: OperatorSession): Promise<StackApi> {
    const sdk = await import('@aws-sdk/client-cloudformation');
    const client = session.adopt(new sdk.CloudFormationClient(session.clientOptions()));
    return new StackApi(name, session, sdk, client);
  }

  private constructor(
    name: string,
    session: OperatorSession,
    sdk: Sdk,
    client: InstanceType<Sdk['CloudFormationClient']>,
  ) {
    this.name = name;
    this.session = session;
    this.#sdk = sdk;
    this.#client = client;
  }

  /** The same for what must be done though the command ends. */
  forCleanUp(): StackApi {
    return new StackApi(this.name, this.session.forCleanUp(), this.#sdk, this.#client);
  }

  /** @param id  of a stack that may be gone: its ARN finds it for 90 days */
  async describe(id = this.name): Promise<Stack | undefined> {
    const command = new this.#sdk.DescribeStacksCommand({ StackName: id });
    try {
      const { Stacks } = await this.session.call('cloudformation:DescribeStacks', (options) =>
        this.#client.send(command, options),
      );
      return Stacks?.[0];
    } catch (error) {
      if (saysMissing(error)) return undefined;
      throw error;
    }
  }

  /** Those that came after one, oldest first; all where none is named. */
  async listEvents(id: string, after: string | undefined): Promise<StackEvent[]> {
    const found: StackEvent[] = [];
    await readPages(async (NextToken) => {
      const command = new this.#sdk.DescribeStackEventsCommand({ StackName: id, NextToken });
      const page = await this.session.call('cloudformation:DescribeStackEvents', (options) =>
        this.#client.send(command, options),
      );
      for (const event of page.StackEvents ?? []) {
        if (event.EventId === after) return undefined;
        found.push(event);
      }
      return page.NextToken;
    });
    return found.toReversed();
  }

  /** The newest event; undefined for a stack that has none. */
  async readLastEventId(id: string): Promise<string | undefined> {
    const command = new this.#sdk.DescribeStackEventsCommand({ StackName: id });
    const { StackEvents } = await this.session.call(
      'cloudformation:DescribeStackEvents',
      (options) => this.#client.send(command, options),
    );
    return StackEvents?.[0]?.EventId;
  }

  async listResources(id: string): Promise<StackResourceSummary[]> {
    const found: StackResourceSummary[] = [];
    await readPages(async (NextToken) => {
      const command = new this.#sdk.ListStackResourcesCommand({ StackName: id, NextToken });
      const page = await this.session.call('cloudformation:ListStackResources', (options) =>
        this.#client.send(command, options),
      );
      found.push(...(page.StackResourceSummaries ?? []));
      return page.NextToken;
    });
    return found;
  }

  /**
   * Makes a change set and waits for it; one without changes is taken away again.
   *
   * @throws RecoverableError STACK_FAILED where CloudFormation cannot make it
   */
  async createChangeSet({ type, template, tags }: ChangeSetInput): Promise<MadeChangeSet> {
    const token = randomUUID();
    const command = new this.#sdk.CreateChangeSetCommand({
      StackName: this.name,
      ChangeSetName: `amperage-${token}`,
      ClientToken: token,
      ChangeSetType: type,
      Capabilities: ['CAPABILITY_IAM'],
      Tags: [...tags],
      ...template,
    });
    const asked = this.session.call('cloudformation:CreateChangeSet', (options) =>
      this.#client.send(command, options),
    );
    const { Id: arn = '', StackId: stackArn = '' } = await asked.catch(async (error: unknown) => {
      // Its answer alone may be lost; what was refused was not made.
      if (!(error instanceof AwsCallError && error.failure === 'refused'))
        await this.forCleanUp()
          .deleteChangeSet(`amperage-${token}`)
          .catch(() => undefined);
      throw error;
    });
    try {
      const made = await this.#waitForChangeSet(arn);
      if (made.Status !== 'FAILED') return { arn, stackArn, changes: await this.#readChanges(arn) };
      if (!isWithoutChanges(made.StatusReason))
        throw new RecoverableError(
          'STACK_FAILED',
          `CloudFormation refuses the template: ${made.StatusReason ?? 'it does not say why'}`,
        );
    } catch (error) {
      await this.forCleanUp().deleteChangeSet(arn);
      throw error;
    }
    await this.deleteChangeSet(arn);
    return { arn: undefined, stackArn, changes: [] };
  }

  async #waitForChangeSet(arn: string): Promise<DescribeChangeSetOutput> {
    const { clock } = this.session.world;
    for (let poll = 0; poll < CHANGE_SET_POLLS_MAX; poll++) {
      const described = await this.#describeChangeSet(arn);
      const { Status } = described;
      if (Status !== 'CREATE_PENDING' && Status !== 'CREATE_IN_PROGRESS') return described;
      await clock.sleep(pollMs(poll), this.session.signal);
    }
    throw new RecoverableError('STACK_UNWATCHED', `the change set ${arn} is not made in time`);
  }

  async #describeChangeSet(arn: string, NextToken?: string): Promise<DescribeChangeSetOutput> {
    const command = new this.#sdk.DescribeChangeSetCommand({
      ...this.#nameChangeSet(arn),
      NextToken,
    });
    return this.session.call('cloudformation:DescribeChangeSet', (options) =>
      this.#client.send(command, options),
    );
  }

  async #readChanges(arn: string): Promise<ResourceChange[]> {
    const found: Change[] = [];
    await readPages(async (token) => {
      const page = await this.#describeChangeSet(arn, token);
      found.push(...(page.Changes ?? []));
      return page.NextToken;
    });
    return found.flatMap(({ ResourceChange: one }) => one ?? []);
  }

  /** With its stack, which policies allow; by its ARN alone it is a resource of its own. */
  #nameChangeSet(arn: string): { readonly ChangeSetName: string; readonly StackName: string } {
    return { ChangeSetName: arn, StackName: this.name };
  }

  /** @param arn  or its name */
  async deleteChangeSet(arn: string): Promise<void> {
    const command = new this.#sdk.DeleteChangeSetCommand(this.#nameChangeSet(arn));
    await this.session.call('cloudformation:DeleteChangeSet', (options) =>
      this.#client.send(command, options),
    );
  }

  /** What the first creation made goes with its failure, also what is kept otherwise. */
  async executeChangeSet(arn: string): Promise<void> {
    const command = new this.#sdk.ExecuteChangeSetCommand({
      ...this.#nameChangeSet(arn),
      ClientRequestToken: randomUUID(),
      RetainExceptOnCreate: true,
    });
    await this.session.call('cloudformation:ExecuteChangeSet', (options) =>
      this.#client.send(command, options),
    );
  }

  async delete(id: string): Promise<void> {
    const command = new this.#sdk.DeleteStackCommand({
      StackName: id,
      ClientRequestToken: randomUUID(),
    });
    await this.session.call('cloudformation:DeleteStack', (options) =>
      this.#client.send(command, options),
    );
  }

  /** What was deployed; undefined where it is no JSON, as in a stack that is not ours. */
  async readTemplate(id: string): Promise<TemplateDocument | undefined> {
    const command = new this.#sdk.GetTemplateCommand({ StackName: id });
    const { TemplateBody = '' } = await this.session.call('cloudformation:GetTemplate', (options) =>
      this.#client.send(command, options),
    );
    try {
      return parseForeignJson(TemplateBody) as TemplateDocument;
    } catch {
      return undefined;
    }
  }

  /** Stacks of this name that were deleted within the last 90 days. */
  async listDeleted(): Promise<string[]> {
    const found: string[] = [];
    await readPages(async (NextToken) => {
      const command = new this.#sdk.ListStacksCommand({
        StackStatusFilter: ['DELETE_COMPLETE'],
        NextToken,
      });
      const page = await this.session.call('cloudformation:ListStacks', (options) =>
        this.#client.send(command, options),
      );
      for (const { StackName, StackId } of page.StackSummaries ?? [])
        if (StackName === this.name && StackId !== undefined) found.push(StackId);
      return page.NextToken;
    });
    return found;
  }

  /** Compares all resources with the template, and waits for that. */
  async detectDrift(): Promise<readonly StackResourceDrift[]> {
    const begin = new this.#sdk.DetectStackDriftCommand({ StackName: this.name });
    const { StackDriftDetectionId = '' } = await this.session.call(
      'cloudformation:DetectStackDrift',
      (options) => this.#client.send(begin, options),
    );
    const ask = new this.#sdk.DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId });
    for (let poll = 0; poll < CHANGE_SET_POLLS_MAX; poll++) {
      const { DetectionStatus, DetectionStatusReason } = await this.session.call(
        'cloudformation:DescribeStackDriftDetectionStatus',
        (options) => this.#client.send(ask, options),
      );
      // What failed for some resources is known for the others.
      if (DetectionStatus !== 'DETECTION_IN_PROGRESS') return this.#readDrifts();
      if (DetectionStatusReason !== undefined && DetectionStatusReason !== '') break;
      await this.session.world.clock.sleep(pollMs(poll), this.session.signal);
    }
    throw new RecoverableError('STACK_UNWATCHED', 'the drift is not known in time: ask again');
  }

  async #readDrifts(): Promise<StackResourceDrift[]> {
    const found: StackResourceDrift[] = [];
    await readPages(async (NextToken) => {
      const command = new this.#sdk.DescribeStackResourceDriftsCommand({
        StackName: this.name,
        NextToken,
      });
      const page = await this.session.call(
        'cloudformation:DescribeStackResourceDrifts',
        (options) => this.#client.send(command, options),
      );
      found.push(...(page.StackResourceDrifts ?? []));
      return page.NextToken;
    });
    return found;
  }
}

/** Short at the start, for what is done at once; long for what lasts minutes. */
export function pollMs(poll: number): number {
  return Math.min(5_000, 500 * 1.5 ** Math.min(poll, 10));
}

export function saysMissing(error: unknown): boolean {
  return /does not exist/.test(describeRefusal(error));
}

/** CloudFormation has two sentences for it, by what it compared. */
function isWithoutChanges(reason: string | undefined): boolean {
  return /didn't contain changes|No updates are to be performed/.test(reason ?? '');
}

async function readPages(
  read: (token: string | undefined) => Promise<string | undefined>,
): Promise<void> {
  let token: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    token = await read(token);
    if (token === undefined || token === '') return;
  }
  throw new Error(`the list has more than ${PAGES_MAX} pages`);
}
