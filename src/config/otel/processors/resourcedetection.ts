/**
 * The processor `resourcedetection`: attributes of the machine or task that the collector runs on.
 * What they are is found out when a plan is applied, not when it is checked.
 * Source: contrib's processor/resourcedetectionprocessor/{config,factory}.go, and config.go and
 * metadata.yaml of its detectors
 */
import * as z from 'zod';
import { compileRegex } from '../../../relabel/regex.ts';
import { countSchema } from '../../../settings/count.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { refusedWhereUsed, unsupported } from '../../../settings/refused-keys.ts';
import { switchSchema } from '../../../settings/switch.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import {
  HOST_NAME_SOURCES,
  MAX_BACKOFF_MIN_MS,
} from '../../../transforms/detected-resource/settings.ts';
import type { DetectorSettings } from '../../../transforms/detected-resource/settings.ts';
import type { ComponentContext } from '../component.ts';
import { defineProcessor, type DetectedTransform } from './processor.ts';

const TIMEOUT_DEFAULT_MS = 5_000;
const ATTEMPTS_DEFAULT = 3;
const BACKOFF_DEFAULT_MS = 20_000;

/** Attribute → whether it is wanted by default. */
const CLOUD = {
  'cloud.account.id': true,
  'cloud.availability_zone': true,
  'cloud.platform': true,
  'cloud.provider': true,
  'cloud.region': true,
};
const ECS = {
  'aws.ecs.cluster.arn': true,
  'aws.ecs.launchtype': true,
  'aws.ecs.task.arn': true,
  'aws.ecs.task.family': true,
  'aws.ecs.task.id': true,
  'aws.ecs.task.revision': true,
  'aws.log.group.arns': true,
  'aws.log.group.names': true,
  'aws.log.stream.arns': true,
  'aws.log.stream.names': true,
  ...CLOUD,
};
const EC2 = {
  ...CLOUD,
  'host.id': true,
  'host.image.id': true,
  'host.name': true,
  'host.type': true,
};
const SYSTEM = {
  'host.arch': false,
  'host.interface': false,
  'host.ip': false,
  'host.mac': false,
  'host.name': true,
  'os.type': true,
};
/** Attributes of the detector `system` that are not found out here. */
const SYSTEM_LACKS = [
  'host.cpu.cache.l2.size', 'host.cpu.family', 'host.cpu.model.id', 'host.cpu.model.name',
  'host.cpu.stepping', 'host.cpu.vendor.id', 'host.id', 'os.build.id', 'os.description', 'os.name',
  'os.version',
]; // prettier-ignore

const OTHERS = [
  'akamai', 'aks', 'alibaba_ecs', 'azure', 'consul', 'digitalocean', 'docker', 'dynatrace', 'eks',
  'elastic_beanstalk', 'elasticbeanstalk', 'gcp', 'gce', 'gke', 'heroku', 'hetzner',
  'ibmcloud_classic', 'ibmcloud_vpc', 'k8s_api', 'k8snode', 'kubeadm', 'lambda', 'nova',
  'openshift', 'oraclecloud', 'scaleway', 'tencent_cvm', 'upcloud', 'vultr',
]; // prettier-ignore

/** Keys of the Collector's HTTP client. */
const CLIENT = [
  'auth', 'compression', 'endpoint', 'headers', 'idle_conn_timeout', 'max_conns_per_host',
  'max_idle_conns', 'proxy_url', 'read_buffer_size', 'tls', 'write_buffer_size',
]; // prettier-ignore

const enabledSchema = z.strictObject({
  enabled: switchSchema.optional().describe('Whether it is added.'),
});

function attributesSchema(known: Readonly<Record<string, boolean>>, lacks: readonly string[] = []) {
  const shape = Object.entries(known).map(([name, isWanted]) => [
    name,
    enabledSchema.optional().meta({ description: 'Added unless enabled is false.', default: isWanted }),
  ]);
  const refused = lacks.map((name) => [
    name,
    enabledSchema.optional().describe('Refused where enabled is true: it is not found out here.'),
  ]);
  return z
    .strictObject(
      Object.fromEntries([...shape, ...refused]) as Record<string, z.ZodOptional<typeof enabledSchema>>,
    )
    .optional()
    .describe('Which attributes are added.');
} // prettier-ignore

const schema = z.strictObject({
  detectors: listOf(textSchema).optional().meta({
    description: 'Detectors in order: env, system, ecs, ec2. Of two that know an attribute the first ' +
'has it.',
    default: '[env]',
  }),
  override: switchSchema.optional().meta({
    description: 'Whether what is detected replaces attributes that are there already.',
    default: true,
  }),
  timeout: goDurationSchema.optional().meta({
    description: 'How long a start waits; a detector that is late is used when it is known.',
    default: '5s',
  }),
  refresh_interval: goDurationSchema.optional().meta({
    description: 'Refused above 0: what is known is not asked again, a detector that failed is.',
    default: '0',
  }),
  attributes: unsupported('the Collector has no such key any more: write enabled: false below resource_attributes of ' +
'the detector'),
  system: z
    .strictObject({
      hostname_sources: listOf(z.enum(HOST_NAME_SOURCES)).optional().meta({
        description: 'Where the name of the host comes from: the first that works.',
        default: '[dns, os]',
      }),
      resource_attributes: attributesSchema(SYSTEM, SYSTEM_LACKS),
    })
    .optional()
    .describe('The detector system.'),
  ecs: z
    .strictObject({ resource_attributes: attributesSchema(ECS) })
    .optional()
    .describe('The detector ecs.'),
  ec2: z
    .strictObject({
      tags: listOf(textSchema)
        .optional()
        .describe('Keys of tags that are added, as regular expressions; with tags_from_imds only.'),
      tags_from_imds: switchSchema.optional().meta({
        description: 'Whether tags are read from instance metadata; needed for tags.',
        default: false,
      }),
      max_attempts: countSchema.optional().meta({
        description: 'How often instance metadata are asked before there are none; 0: until they answer.',
        default: ATTEMPTS_DEFAULT,
      }),
      max_backoff: goDurationSchema.optional().meta({
        description: 'Longest wait between two attempts, from 100ms; the first is 1s at most.',
        default: '20s',
      }),
      fail_on_missing_metadata: switchSchema.optional().meta({
        description: 'Whether instance metadata that do not answer are asked again and again.',
        default: false,
      }),
      resource_attributes: attributesSchema(EC2),
    })
    .optional()
    .describe('The detector ec2.'),
  ...Object.fromEntries(
    OTHERS.map((name) => [name, refusedWhereUsed(`the detector ${name} is not built in.`)]),
  ),
  ...Object.fromEntries(
    CLIENT.map((name) => [name, unsupported('detectors ask link-local addresses only; remove it')]),
  ),
}); // prettier-ignore

type Input = z.output<typeof schema>;
type Switches = Readonly<Record<string, { readonly enabled?: boolean | undefined } | undefined>>;

export const resourceDetectionKind = defineProcessor({
  names: ['resourcedetection', 'resource_detection'],
  schema,
  as: 'detectors env, system, ecs and ec2; one that fails is asked again and stops no start',
  signals: ['metrics', 'traces'],
  resolve: resolveDetection,
  resolveSpans: resolveDetection,
});

function resolveDetection(
  input: Input,
  context: ComponentContext,
): readonly DetectedTransform[] | undefined {
  const { at, report } = context;
  const names = input.detectors ?? ['env'];
  if (names.length === 0) {
    report.error([...at, 'detectors'], 'CONFIG_VALUE', 'detectors needs at least one detector');
    return undefined;
  }
  if ((input.refresh_interval ?? 0) > 0)
    report.lacks(
      [...at, 'refresh_interval'],
      'a detection that is repeated: what is known is kept until a restart; remove it',
    );
  const detectors = names.flatMap((name, index) => resolveDetector(name, index, input, context));
  const { override = true, timeout: timeoutMs = TIMEOUT_DEFAULT_MS } = input;
  return [{ detection: { detectors, override, timeoutMs } }];
}

function resolveDetector(
  name: string,
  index: number,
  input: Input,
  context: ComponentContext,
): DetectorSettings[] {
  const { at, report } = context;
  switch (name) {
    case 'env':
      return [{ kind: 'env' }];
    case 'ecs':
      return [{ kind: 'ecs', without: listUnwanted(ECS, input.ecs?.resource_attributes) }];
    case 'ec2':
      return [resolveEc2(input.ec2 ?? {}, context)];
    case 'system':
      return [resolveSystem(input.system ?? {}, context)];
    default: {
      const path = [...at, 'detectors', index];
      if (OTHERS.includes(name))
        report.lacks(path, `detector "${name}" is not built in; use env, system, ecs or ec2`);
      else
        report.error(
          path,
          'CONFIG_VALUE',
          `there is no detector "${name}"; there are env, system, ecs and ec2`,
        );
      return [];
    }
  }
}

function resolveSystem(
  { hostname_sources: sources = [], resource_attributes: switches }: NonNullable<Input['system']>,
  { at, report }: ComponentContext,
): DetectorSettings {
  for (const name of SYSTEM_LACKS)
    if (switches?.[name]?.enabled === true)
      report.lacks(
        [...at, 'system', 'resource_attributes', name],
        `attribute "${name}" of the detector system is not found out; ` +
          'set it in OTEL_RESOURCE_ATTRIBUTES with the detector env',
      );
  return {
    kind: 'system',
    without: listUnwanted(SYSTEM, switches),
    hostNameSources: sources.length > 0 ? sources : ['dns', 'os'],
  };
}

function resolveEc2(input: NonNullable<Input['ec2']>, context: ComponentContext): DetectorSettings {
  const { at, report } = context;
  const { tags = [] } = input;
  tags.forEach((tag, index) => {
    try {
      compileRegex(tag);
    } catch (error) {
      const message = `not a regular expression: ${String(error)}`;
      report.error([...at, 'ec2', 'tags', index], 'CONFIG_VALUE', message);
    }
  });
  if (tags.length > 0 && input.tags_from_imds !== true)
    report.lacks(
      [...at, 'ec2', 'tags'],
      'tags by ec2:DescribeTags; set tags_from_imds: true, and allow tags in the metadata of the ' +
        'instance',
    );
  const { max_backoff: backoffMs = BACKOFF_DEFAULT_MS } = input;
  if (backoffMs < MAX_BACKOFF_MIN_MS)
    report.warn(
      [...at, 'ec2', 'max_backoff'],
      `max_backoff ${backoffMs}ms is taken as ${MAX_BACKOFF_MIN_MS}ms, the least`,
    );
  return {
    kind: 'ec2',
    without: listUnwanted(EC2, input.resource_attributes),
    mustBeThere: input.fail_on_missing_metadata ?? false,
    attemptsMax: input.max_attempts ?? ATTEMPTS_DEFAULT,
    maxBackoffMs: Math.max(backoffMs, MAX_BACKOFF_MIN_MS),
    tags,
  };
}

function listUnwanted(known: Readonly<Record<string, boolean>>, switches?: Switches): string[] {
  return Object.entries(known)
    .filter(([name, isWanted]) => !(switches?.[name]?.enabled ?? isWanted))
    .map(([name]) => name);
}
