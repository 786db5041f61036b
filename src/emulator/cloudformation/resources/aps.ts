/** Workspaces of Amazon Managed Service for Prometheus, and their rules. */
import { isSameProperty, parseShape } from '../property-shape.ts';
import {
  asTagMap,
  compareTags,
  findMember,
  joinTags,
  takeText,
  unlessMissing,
  type Change,
  type Made,
  type ResourceKind,
  type Site,
} from '../resource-kind.ts';
import type { Values } from '../values.ts';

const TAGS = 'Tags[{Key* Value*}]';

function toBlob(text: unknown): string {
  return Buffer.from(String(text)).toString('base64');
}

function fromBlob(data: unknown): string | undefined {
  return typeof data === 'string' ? Buffer.from(data, 'base64').toString() : undefined;
}

function tagsInput(own: unknown, site: Site): { tags?: Record<string, string> } {
  const tags = joinTags(own, site.tags);
  return tags.length === 0 ? {} : { tags: asTagMap(tags) };
}

async function changeTags(
  resourceArn: string,
  change: Change,
  { call, tags }: Site,
): Promise<void> {
  const { added, removed } = compareTags(
    joinTags(change.before['Tags'], change.tagsBefore),
    joinTags(change.after['Tags'], tags),
  );
  if (removed.length > 0) await call('aps', 'UntagResource', { resourceArn, tagKeys: removed });
  if (added.length > 0) await call('aps', 'TagResource', { resourceArn, tags: asTagMap(added) });
}

/** What a workspace has beside itself: how each part is made, changed and taken away. */
const PARTS: readonly {
  readonly property: string;
  readonly noun: string;
  readonly update: 'Put' | 'Update';
  readonly input: (value: unknown) => Values;
}[] = [
  {
    property: 'AlertManagerDefinition',
    noun: 'AlertManagerDefinition',
    update: 'Put',
    input: (value) => ({ data: toBlob(value) }),
  },
  {
    property: 'QueryLoggingConfiguration',
    noun: 'QueryLoggingConfiguration',
    update: 'Update',
    input: (value) => ({
      destinations: ((value as Values)['Destinations'] as readonly Values[]).map((one) => ({
        cloudWatchLogs: { logGroupArn: findMember(one, 'CloudWatchLogs.LogGroupArn') },
        filters: { qspThreshold: findMember(one, 'Filters.QspThreshold') },
      })),
    }),
  },
  {
    property: 'LoggingConfiguration',
    noun: 'LoggingConfiguration',
    update: 'Update',
    input: (value) => ({ logGroupArn: findMember(value, 'LogGroupArn') }),
  },
];

async function changeParts(
  workspaceId: string,
  { before, after }: { readonly before: Values; readonly after: Values },
  { call, until }: Site,
): Promise<void> {
  const { WorkspaceConfiguration: settings } = after;
  const retention = findMember(settings, 'RetentionPeriodInDays');
  if (!isSameProperty(before['WorkspaceConfiguration'], settings) && retention !== undefined)
    await call('aps', 'UpdateWorkspaceConfiguration', {
      workspaceId,
      retentionPeriodInDays: retention,
    });
  for (const { property, noun, update, input } of PARTS) {
    const was = before[property];
    const is = after[property];
    if (isSameProperty(was, is)) continue;
    if (is === undefined) await call('aps', `Delete${noun}`, { workspaceId });
    else {
      const verb = was === undefined ? 'Create' : update;
      await call('aps', `${verb}${noun}`, { workspaceId, ...input(is) });
      await until(`its ${noun} to be active`, async () => {
        const answer = await call('aps', `Describe${noun}`, { workspaceId });
        const member = noun.charAt(0).toLowerCase() + noun.slice(1);
        return isActive(findMember(answer, `${member}.status.statusCode`));
      });
    }
  }
}

/** True for what is active, undefined for what is on the way. @throws Error for what failed */
function isActive(code: unknown): true | undefined {
  if (String(code).endsWith('FAILED')) throw new Error(`it is ${String(code)}`);
  return code === 'ACTIVE' ? true : undefined;
}

async function askWorkspace({ id }: Made, { call }: Site): Promise<Values | undefined> {
  const workspaceId = id.split('/').at(-1);
  const answer = await unlessMissing(call('aps', 'DescribeWorkspace', { workspaceId }));
  return findMember(answer, 'workspace') as Values | undefined;
}

function idOf({ id }: Made): string {
  return id.split('/').at(-1) ?? '';
}

const workspace: ResourceKind = {
  type: 'AWS::APS::Workspace',
  shape: parseShape(
    'Alias KmsKeyArn! AlertManagerDefinition WorkspaceConfiguration{RetentionPeriodInDays:n} ' +
      'LoggingConfiguration{LogGroupArn} QueryLoggingConfiguration{Destinations*[{' +
      `CloudWatchLogs*{LogGroupArn*} Filters*{QspThreshold*:n}}]} ${TAGS}`,
  ),
  attributes: ['Arn', 'WorkspaceId', 'PrometheusEndpoint'],
  create: async (properties, site) => {
    const { Alias: alias, KmsKeyArn: kmsKeyArn } = properties;
    const answer = await site.call('aps', 'CreateWorkspace', {
      ...(alias === undefined ? {} : { alias }),
      ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
      ...tagsInput(properties['Tags'], site),
    });
    const Arn = takeText(answer, 'arn');
    return { id: Arn, attributes: { Arn, WorkspaceId: takeText(answer, 'workspaceId') } };
  },
  settle: async (made, properties, site) => {
    const found = await site.until('the workspace to be active', async () => {
      const one = await askWorkspace(made, site);
      return isActive(findMember(one, 'status.statusCode')) && one;
    });
    await changeParts(idOf(made), { before: {}, after: properties }, site);
    const PrometheusEndpoint = takeText(found, 'prometheusEndpoint');
    return { ...made, attributes: { ...made.attributes, PrometheusEndpoint } };
  },
  update: async (made, change, site) => {
    const { Alias: alias } = change.after;
    const workspaceId = idOf(made);
    if (alias !== change.before['Alias'])
      await site.call('aps', 'UpdateWorkspaceAlias', { workspaceId, alias });
    await changeParts(workspaceId, change, site);
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async (made, _properties, site) => {
    await site.call('aps', 'DeleteWorkspace', { workspaceId: idOf(made) });
    await site.until('the workspace to be deleted', async () =>
      (await askWorkspace(made, site)) === undefined ? true : undefined,
    );
  },
  read: async (made, properties, site) => {
    const found = await askWorkspace(made, site);
    if (found === undefined) return undefined;
    const workspaceId = idOf(made);
    const definition =
      properties['AlertManagerDefinition'] === undefined
        ? undefined
        : await unlessMissing(site.call('aps', 'DescribeAlertManagerDefinition', { workspaceId }));
    return {
      Alias: found['alias'],
      KmsKeyArn: found['kmsKeyArn'],
      AlertManagerDefinition: fromBlob(findMember(definition, 'alertManagerDefinition.data')),
    };
  },
};

function namespaceInput({ Workspace, Name, Data }: Values): Record<string, unknown> {
  const workspaceId = String(Workspace).split('/').at(-1);
  return { workspaceId, name: Name, ...(Data === undefined ? {} : { data: toBlob(Data) }) };
}

async function askNamespace(properties: Values, { call }: Site): Promise<Values | undefined> {
  const { workspaceId, name } = namespaceInput(properties);
  const ask = call('aps', 'DescribeRuleGroupsNamespace', { workspaceId, name });
  return findMember(await unlessMissing(ask), 'ruleGroupsNamespace') as Values | undefined;
}

async function awaitRules(made: Made, properties: Values, site: Site): Promise<Made> {
  await site.until('the rules to be active', async () =>
    isActive(findMember(await askNamespace(properties, site), 'status.statusCode')),
  );
  return made;
}

const ruleGroups: ResourceKind = {
  type: 'AWS::APS::RuleGroupsNamespace',
  shape: parseShape(`Workspace*! Name*! Data* ${TAGS}`),
  attributes: ['Arn'],
  name: 'Name',
  create: async (properties, site) => {
    const answer = await site.call('aps', 'CreateRuleGroupsNamespace', {
      ...namespaceInput(properties),
      ...tagsInput(properties['Tags'], site),
    });
    const id = takeText(answer, 'arn');
    return { id, attributes: { Arn: id } };
  },
  settle: awaitRules,
  update: async (made, change, site) => {
    if (change.before['Data'] !== change.after['Data'])
      await site.call('aps', 'PutRuleGroupsNamespace', namespaceInput(change.after));
    await changeTags(made.id, change, site);
    return awaitRules(made, change.after, site);
  },
  remove: async (_made, { Workspace, Name }, site) => {
    await site.call('aps', 'DeleteRuleGroupsNamespace', namespaceInput({ Workspace, Name }));
    await site.until('the rules to be deleted', async () =>
      (await askNamespace({ Workspace, Name }, site)) === undefined ? true : undefined,
    );
  },
  read: async (_made, properties, site) => {
    const found = await askNamespace(properties, site);
    const { Workspace, Name } = properties;
    return found === undefined ? undefined : { Workspace, Name, Data: fromBlob(found['data']) };
  },
};

export const APS_KINDS: readonly ResourceKind[] = [workspace, ruleGroups];
