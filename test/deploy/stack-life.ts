/**
 * The life of a model's stack in an emulated account, as whoever may deploy it: created, changed,
 * asked for drift, reduced and deleted, on a clock that goes fast.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import type * as z from 'zod';
import { fitPolicies } from '../../src/commands/generate/fitted-policies.ts';
import { describeModel } from '../../src/commands/generate/model.ts';
import { renderTemplateText } from '../../src/deploy/cloudformation/render.ts';
import { deployTemplate } from '../../src/deploy/deployer/statements.ts';
import { renderPolicy } from '../../src/deploy/parts/roles.ts';
import type { deploymentSchema } from '../../src/deploy/schema.ts';
import type { DeploymentTemplate } from '../../src/deploy/template.ts';
import { SMALLEST } from './models.ts';
import { createFastClock, type ProvedPolicy, ProvingCloud } from './proving.ts';

export const ACCOUNT = '123456789012';
const REGION = SMALLEST.region;
const PLACE = { partition: 'aws', region: REGION, account: ACCOUNT };
const POLL_MS = 100;

type ModelInput = z.input<typeof deploymentSchema>;

/** Files that models name. */
const FILES: Readonly<Record<string, string>> = {
  'rules.yml': 'groups: [{ name: a, rules: [{ record: b, expr: up }] }]',
  'other-rules.yml': 'groups: [{ name: a, rules: [{ record: b, expr: down }] }]',
  'alerts.yml': 'alertmanager_config: |\n  route: { receiver: a }\n  receivers: [{ name: a }]\n',
  'other-alerts.yml':
    'alertmanager_config: |\n  route: { receiver: b }\n  receivers: [{ name: b }]\n',
  'prometheus.yml': 'scrape_configs: [{ job_name: a, static_configs: [{ targets: [a:1] }] }]',
  'collector.yaml': 'scrape_configs: [{ job_name: a, static_configs: [{ targets: [a:1] }] }]',
};

export interface Stages {
  readonly first: DeploymentTemplate;
  readonly changed: DeploymentTemplate;
  readonly bare: DeploymentTemplate;
}

interface EventPage {
  readonly StackEvents: readonly Readonly<Record<string, string>>[];
  readonly NextToken?: string;
}

export interface StackEnd {
  /** Where each step ended. */
  readonly ends: readonly string[];
  /** Why what failed did. */
  readonly failures: string;
}

/** An account that has what models say is there. */
export class StackAccount {
  readonly cloud = new ProvingCloud({
    clock: createFastClock(),
    regions: [REGION],
    accountId: ACCOUNT,
  });
  readonly #folder: string;
  #there: Pick<ModelInput, 'network'> & { readonly workspace: string } = { workspace: '' };

  constructor(folder: string) {
    this.#folder = folder;
    for (const [name, text] of Object.entries(FILES))
      writeFileSync(path.join(folder, name), `${text}\n`);
  }

  async furnish(): Promise<void> {
    const { asRoot, home, clock } = this.cloud;
    const { Subnets } = await asRoot<{ Subnets: { VpcId: string; SubnetId: string }[] }>(
      'ec2',
      'DescribeSubnets',
      {},
    );
    const [subnet] = Subnets;
    const { workspaceId } = await asRoot<{ workspaceId: string }>('aps', 'CreateWorkspace', {});
    home.addInstance(home.ecs.createCluster('machines'), 'mi-0123456789abcdef0', '10.9.0.1');
    home.addInstance(home.ecs.createCluster('prod'), 'i-0123456789abcdef0', '10.9.0.2');
    this.#there = {
      network: { vpc: subnet?.VpcId, subnets: [subnet?.SubnetId ?? ''] },
      workspace: workspaceId,
    };
    await clock.sleep(500);
  }

  /** The model with what is there; the same, changed; and with nothing in the workspace. */
  async describe(more: object): Promise<Stages> {
    const { network, workspace } = this.#there;
    const given: ModelInput = { ...SMALLEST, network, ...more };
    const model: ModelInput =
      given.workspace?.id === undefined
        ? given
        : { ...given, workspace: { ...given.workspace, id: workspace } };
    const { id } = model.workspace ?? {};
    return {
      first: await this.#read(model),
      changed: await this.#read(changeModel(model)),
      bare: await this.#read({ ...model, tags: {}, workspace: id === undefined ? {} : { id } }),
    };
  }

  async #read(model: ModelInput): Promise<DeploymentTemplate> {
    const file = path.join(this.#folder, 'deployment.yml');
    writeFileSync(file, stringify(model));
    return (await describeModel(file)).template;
  }

  /** As the role; it ends where a step fails. */
  async live({ first, changed, bare }: Stages): Promise<StackEnd> {
    const ends: string[] = [];
    let id: string | undefined;
    let thrown = '';
    try {
      const { asRole } = this.cloud;
      const cfn = <Answer>(action: string, input: object): Promise<Answer> =>
        asRole<Answer>('cloudformation', action, { StackName: first.name, ...input });
      const give = (template: DeploymentTemplate): object => ({
        TemplateBody: renderTemplateText(template).text,
        Capabilities: ['CAPABILITY_NAMED_IAM'],
      });
      const { StackId } = await cfn<{ StackId: string }>('CreateStack', give(first));
      id = StackId;
      const steps: (readonly [string, () => Promise<unknown>])[] = [
        ['CREATE_COMPLETE', async () => undefined],
        ['UPDATE_COMPLETE', async () => cfn('UpdateStack', give(changed))],
        ['UPDATE_COMPLETE', async () => this.detectDrift(await cfn('DetectStackDrift', {}))],
        ['UPDATE_COMPLETE', async () => cfn('UpdateStack', give(bare))],
        ['DELETE_COMPLETE', async () => cfn('DeleteStack', {})],
      ];
      for (const [wanted, begin] of steps) {
        await begin();
        const end = await this.settle(StackId);
        ends.push(end);
        if (end !== wanted) break;
      }
    } catch (error) {
      thrown = String(error);
    }
    const failures = id === undefined ? [] : await this.listFailures(id);
    return { ends, failures: [...failures, thrown].filter((one) => one !== '').join('\n') };
  }

  /** Waits until the stack rests, and tells how. */
  async settle(StackName: string): Promise<string> {
    for (;;) {
      const { Stacks } = await this.cloud.asRoot<{ Stacks: { StackStatus: string }[] }>(
        'cloudformation',
        'DescribeStacks',
        { StackName },
      );
      const status = Stacks[0]?.StackStatus ?? '';
      if (!status.endsWith('_IN_PROGRESS')) return status;
      this.#startManaged();
      await this.cloud.clock.sleep(POLL_MS);
    }
  }

  /** @throws Error with the reason where drift is not told of each resource */
  async detectDrift(input: Readonly<Record<string, unknown>>): Promise<void> {
    for (;;) {
      const found = await this.cloud.asRoot<Record<string, unknown>>(
        'cloudformation',
        'DescribeStackDriftDetectionStatus',
        input,
      );
      if (found['DetectionStatus'] === 'DETECTION_COMPLETE') {
        if (found['StackDriftStatus'] === 'IN_SYNC') return;
        throw new Error(`drift: ${JSON.stringify(found)}`);
      }
      if (found['DetectionStatus'] === 'DETECTION_FAILED')
        throw new Error(String(found['DetectionStatusReason']));
      await this.cloud.clock.sleep(POLL_MS);
    }
  }

  /** The reasons of events, by default of failures; of all pages: a roll-back has many. */
  async listFailures(
    StackName: string,
    isWanted = ({ ResourceStatus = '' }: Readonly<Record<string, string>>): boolean =>
      /_FAILED|ROLLBACK/.test(ResourceStatus),
  ): Promise<string[]> {
    const reasons: string[] = [];
    let more: EventPage | undefined;
    do {
      const input = { StackName, ...(more && { NextToken: more.NextToken }) };
      more = await this.cloud.asRoot<EventPage>('cloudformation', 'DescribeStackEvents', input);
      for (const event of more.StackEvents)
        if (isWanted(event)) reasons.push(event['ResourceStatusReason'] ?? '');
    } while (more.NextToken !== undefined);
    return reasons;
  }

  /** The instances of a provider that ECS manages, which the emulator does not start. */
  #startManaged(): void {
    const { ecs, providers } = this.cloud.home;
    for (const cluster of ecs.clusters.values()) {
      const managed = cluster.capacityProviders.find(
        (name) => providers.all.get(name)?.managedInstancesProvider !== undefined,
      );
      const own = [...cluster.instances.values()].find(({ ec2InstanceId }) =>
        ec2InstanceId.startsWith('i-managed'),
      );
      if (managed !== undefined && own === undefined)
        ecs.addInstance(cluster, 'i-managed', [], managed);
      else if (managed === undefined && own !== undefined)
        ecs.removeInstance(cluster, own.containerInstanceArn, 'The provider was deleted.');
    }
  }
}

export function policiesOf(template: DeploymentTemplate): readonly ProvedPolicy[] {
  return fitPolicies(deployTemplate(template, PLACE)).map(
    (statements) => renderPolicy(statements) as unknown as ProvedPolicy,
  );
}

/** Another of all that a stack changes without another resource in its place. */
function changeModel(model: ModelInput): ModelInput {
  const { workspace, cluster, services, collector } = model;
  const isX86 = collector?.architecture === 'x86_64';
  return {
    ...model,
    tags: { ...(model.tags as object), owner: 'somebody' },
    log_retention_days: 7,
    workspace: {
      ...workspace,
      ...(workspace?.id === undefined && { alias: 'other', retention_days: 30 }),
      ...(workspace?.rules !== undefined && { rules: 'other-rules.yml' }),
      ...(workspace?.alert_manager !== undefined && { alert_manager: 'other-alerts.yml' }),
    },
    ...(cluster?.instances && {
      cluster: {
        ...cluster,
        instances: { ...cluster.instances, max: 6, type: isX86 ? 'c7i.xlarge' : 'c7g.xlarge' },
      },
    }),
    ...(services && { services: services.map((one) => ({ ...one, count: 2 })) }),
  };
}
