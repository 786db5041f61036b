/**
 * Who judges a fenced block: for each language the code that would read it in earnest, for YAML by
 * the keys that it has. A judge gives a sentence for each fault.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseHcl } from '@cdktf/hcl2json';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { readDeployment } from '../../src/config/deployment.ts';
import { checkConfigText } from '../../src/config/load.ts';
import { describeDeployment } from '../../src/deploy/describe.ts';
import { fillInRegion } from '../../src/deploy/parts/configuration.ts';
import type { AwsValue } from '../../src/deploy/template.ts';
import { parseTargetList } from '../../src/discovery/schema.ts';
import { parseImages } from '../../src/emulator/ecs/processes/images.ts';
import { parseScenario } from '../../src/emulator/scenario.ts';
import { parseRoutes } from '../../src/proxy/config.ts';
import { formatFinding } from '../../src/settings/finding.ts';
import { webConfigSchema } from '../../src/settings/web-config.ts';
import { parseQuery } from '../../src/workspace/promql/parser.ts';
import { judgeApiInput } from '../deploy/service-spec.ts';
import { judgePolicyDocument } from '../deploy/policies.ts';
import type { Fence } from '../kit/fences.ts';

export interface Judging {
  /** Where a judge may write. */
  readonly folder: string;
  /** What a part of a file, shown alone, is completed with to be a whole one. */
  readonly completion: string;
}

type Judge = (fence: Fence, judging: Judging) => Promise<readonly string[]> | readonly string[];

/** By the language that a block names. */
export const JUDGES: Readonly<Record<string, Judge>> = {
  hcl: async ({ text }) => faultsOf(() => parseHcl('main.tf', text)),
  json: ({ text }) => judgeJson(text),
  // One expression a block.
  promql: ({ text }) => faultsOf(() => parseQuery(text)),
  sh: ({ text }) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
    return status === 0 ? [] : [stderr];
  },
  yaml: async ({ text }, judging) => {
    const documents = parseAllDocuments(text + judging.completion);
    const faults = documents.map(async (document) => {
      const errors = 'errors' in document ? document.errors.map(String) : [];
      return errors.length > 0 ? errors : judgeYaml(document.toJS(), document.toString(), judging);
    });
    return (await Promise.all(faults)).flat();
  },
};

/** The file that a YAML of a page is, by keys at its top. */
export type YamlFile = 'collector.yaml' | 'deployment.yml' | 'prometheus.yml' | 'routes.yml';
const FILES: readonly (readonly [RegExp, string])[] = [
  [/^(receivers|processors|exporters|extensions|connectors|service)$/, 'collector.yaml'],
  [/^steps$/, 'scenario.yml'],
  [/^images$/, 'images.yml'],
  [/^routes$/, 'routes.yml'],
  [/^(image|network)$/, 'deployment.yml'],
  [/^(tls_server_config|basic_auth_users|http_server_config)$/, 'web.yml'],
  [/^datasources$/, 'datasources.yml'],
  [/^providers$/, 'dashboards.yml'],
  [/^groups$/, 'rules.yml'],
];

/** @returns the name that pages give to the file of a document like this */
export function nameFile(document: unknown): string {
  if (Array.isArray(document)) return 'targets.yml';
  const keys = Object.keys(document as object);
  const found = FILES.find(([pattern]) => keys.some((key) => pattern.test(key)));
  return found?.[1] ?? 'prometheus.yml';
}

/** A part of a job, shown without the list that it stands in. */
const PART_OF_JOB = /^(\w+_sd_configs|relabel_configs|metric_relabel_configs)$/;

async function judgeYaml(document: unknown, text: string, judging: Judging): Promise<string[]> {
  const name = nameFile(document);
  switch (name) {
    case 'collector.yaml':
    case 'prometheus.yml': {
      const isPart = Object.keys(document as object).every((key) => PART_OF_JOB.test(key));
      const whole = isPart
        ? JSON.stringify({ scrape_configs: [{ job_name: 'part', ...(document as object) }] })
        : text;
      const env = { AWS_REGION: 'us-east-1' };
      // REGION is what "generate" fills in.
      const filled = fillInRegion(whole, env.AWS_REGION);
      const { findings } = await checkConfigText(filled, path.join(judging.folder, name), { env });
      return findings.map(formatFinding);
    }
    case 'deployment.yml': {
      const file = path.join(judging.folder, name);
      writeFileSync(file, text);
      const { deployment, findings } = await readDeployment(file);
      if (deployment === undefined) return findings.map(formatFinding);
      return faultsOf(() => describeDeployment(deployment, (beside) => `text of ${beside}`));
    }
    case 'datasources.yml':
      return issuesOf(dataSourcesSchema, document);
    case 'dashboards.yml':
      return issuesOf(dashboardsSchema, document);
    case 'routes.yml':
      return faultsOf(() => parseRoutes(document, name));
    case 'rules.yml':
      return judgeRules(document);
    case 'images.yml':
      return faultsOf(() => parseImages(document, name));
    case 'scenario.yml':
      return faultsOf(() => parseScenario(document, name));
    case 'targets.yml':
      return faultsOf(() => parseTargetList(document, name, {}));
    default:
      return issuesOf(webConfigSchema, document);
  }
}

/** Of https://grafana.com/docs/grafana/latest/administration/provisioning/ what pages use. */
const dataSourcesSchema = z.strictObject({
  apiVersion: z.literal(1),
  datasources: z.array(
    z.strictObject({
      name: z.string(),
      type: z.literal('prometheus'),
      access: z.literal('proxy').optional(),
      url: z.url(),
      isDefault: z.boolean().optional(),
      jsonData: z
        .strictObject({
          httpMethod: z.literal('POST'),
          sigV4Auth: z.boolean().optional(),
          sigV4AuthType: z.enum(['default', 'keys', 'ec2_iam_role']).optional(),
          sigV4Region: z.string().optional(),
          sigV4AssumeRoleArn: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

const dashboardsSchema = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.array(
    z.strictObject({
      name: z.string(),
      type: z.literal('file'),
      options: z.strictObject({ path: z.string().startsWith('/') }),
    }),
  ),
});

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      interval: z.string().optional(),
      rules: z.array(z.looseObject({ expr: z.string() })),
    }),
  ),
});

async function judgeRules(document: unknown): Promise<string[]> {
  const parsed = rulesSchema.safeParse(document);
  if (!parsed.success) return issuesOf(rulesSchema, document);
  const expressions = parsed.data.groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
  const faults = expressions.map((expr) => faultsOf(() => parseQuery(expr)));
  return (await Promise.all(faults)).flat();
}

type Members = Readonly<Record<string, AwsValue>>;

/** JSON of AWS by what AWS publishes of it, by the members that it has. */
const SHAPES: readonly (readonly [string, (value: Members) => readonly string[] | Promise<string[]>])[] = [
  ['Statement', judgePolicyDocument],
  ['containerDefinitions', (value) => judgeApiInput(TASK_DEFINITION, undefined, value)],
  ['healthCheck', (value) => judgeApiInput(TASK_DEFINITION, 'ContainerDefinition', { name: 'one', image: 'one', ...value })],
  ['command', (value) => judgeApiInput(TASK_DEFINITION, 'HealthCheck', value)],
]; // prettier-ignore
const TASK_DEFINITION = 'AWS::ECS::TaskDefinition';

/** A line of `file_write`. */
const sampleSchema = z.strictObject({
  labels: z.record(z.string(), z.string()),
  timestamp_ms: z.int(),
  value: z.number(),
});

async function judgeJson(text: string): Promise<readonly string[]> {
  let value: Members;
  try {
    // Members of an object may be shown without it.
    value = JSON.parse(/^\s*"/.test(text) ? `{${text}}` : text) as Members;
  } catch (error) {
    return [String(error)];
  }
  const shape = SHAPES.find(([member]) => member in value);
  if (shape !== undefined) return shape[1](value);
  if ('timestamp_ms' in value) return issuesOf(sampleSchema, value);
  return [`no judge knows JSON with ${Object.keys(value).join(', ')}`];
}

async function faultsOf(read: () => unknown): Promise<string[]> {
  try {
    await read();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function issuesOf(schema: z.ZodType, value: unknown): string[] {
  const { success, error } = schema.safeParse(value);
  return success ? [] : [z.prettifyError(error)];
}
