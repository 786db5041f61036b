/**
 * Permissions of IAM in the smallest form that works: for each feature a function that gives its
 * statements, with the call that needs each and what is lost without it.
 */
import {
  ACCOUNT_ID,
  type AwsExpression,
  type AwsValue,
  join,
  PARTITION,
  type Properties,
  REGION,
} from './template.ts';

export interface PolicyStatement {
  /** Letters and digits: the `Sid`. */
  readonly id: string;
  readonly actions: readonly string[];
  readonly resources: readonly AwsValue[];
  readonly conditions?: Properties;
  /** Which part of the product makes these calls, and what is lost without them. */
  readonly why: string;
}

/** Where resources are whose ARN must be made; a star where that is not known. */
export interface ResourcePlace {
  readonly partition: AwsExpression | string;
  readonly region: AwsExpression | string;
  readonly account: AwsExpression | string;
}

/** The account and region that a template is used in. */
export const TEMPLATE_PLACE: ResourcePlace = {
  partition: PARTITION,
  region: REGION,
  account: ACCOUNT_ID,
};

export function makeArn(
  { partition, region, account }: ResourcePlace,
  service: string,
  resource: AwsExpression | string,
): AwsExpression | string {
  return join`arn:${partition}:${service}:${region}:${account}:${resource}`;
}

/** @param workspace  ARN of the workspace that samples go to */
export function writeSamples({ workspace }: { readonly workspace: AwsValue }): PolicyStatement {
  return {
    id: 'WriteSamples',
    actions: ['aps:RemoteWrite'],
    resources: [workspace],
    why: 'remote_write; without it no sample gets to the workspace',
  };
}

export function findByCloudMap(): PolicyStatement {
  return {
    id: 'FindByCloudMap',
    actions: [
      'servicediscovery:ListNamespaces',
      'servicediscovery:ListServices',
      'servicediscovery:ListTagsForResource',
      'servicediscovery:DiscoverInstances',
      'servicediscovery:DiscoverInstancesRevision',
    ],
    resources: ['*'],
    why:
      'cloudmap_sd_configs: these actions know no resources, or all services are asked; without ' +
      'it no target',
  };
}

/** @param name  of a parameter, perhaps with `:version`, or its ARN */
export function readParameter(
  place: ResourcePlace,
  name: AwsExpression | string,
  why: string,
): PolicyStatement {
  const isArn = typeof name === 'string' && name.startsWith('arn:');
  const path = typeof name === 'string' ? name.replace(/^\//, '').replace(/:[^:/]*$/, '') : name;
  const { partition, region, account } = place;
  return {
    id: 'ReadParameter',
    actions: ['ssm:GetParameter'],
    resources: [isArn ? name : join`arn:${partition}:ssm:${region}:${account}:parameter/${path}`],
    why,
  };
}

export function readObject(
  { partition }: ResourcePlace,
  { bucket, key, version }: { bucket: string; key: string; version?: string | undefined },
): PolicyStatement {
  return {
    id: 'ReadObject',
    actions: [version === undefined ? 's3:GetObject' : 's3:GetObjectVersion'],
    resources: [join`arn:${partition}:s3:::${bucket}/${key}`],
    why: 'the configuration in S3; without it the collector does not start',
  };
}

/** An ARN of a secret ends in six characters that its name does not tell. */
export function readSecret(place: ResourcePlace, id: string): PolicyStatement {
  return {
    id: 'ReadSecret',
    actions: ['secretsmanager:GetSecretValue'],
    resources: [
      id.startsWith('arn:') ? id : makeArn(place, 'secretsmanager', `secret:${id}-??????`),
    ],
    why: 'the configuration in Secrets Manager; without it the collector does not start',
  };
}

export function sendSegments({
  hasTelemetry,
  asOtlp,
}: {
  readonly hasTelemetry: boolean;
  readonly asOtlp: boolean;
}): PolicyStatement {
  return {
    id: 'SendSegments',
    actions: [
      'xray:PutTraceSegments',
      ...(hasTelemetry ? ['xray:PutTelemetryRecords'] : []),
      ...(asOtlp ? ['xray:PutSpans'] : []),
    ],
    resources: ['*'],
    why: 'xray_write: these actions know no resources; without it no trace gets to X-Ray',
  };
}

export function sendSpans(): PolicyStatement {
  return {
    id: 'SendSpans',
    actions: ['xray:PutSpans'],
    resources: ['*'],
    why: 'otlp_write to X-Ray: the action knows no resources; without it no span gets there',
  };
}

export function sendMetrics(): PolicyStatement {
  return {
    id: 'SendMetrics',
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    why: 'otlp_write to CloudWatch: metrics are no resources; without it none gets there',
  };
}

export function askForSampling(): PolicyStatement {
  return {
    id: 'AskForSampling',
    actions: [
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      'xray:GetSamplingStatisticSummaries',
    ],
    resources: ['*'],
    why: 'sampling rules for clients of X-Ray: no resources; without it they use their own',
  };
}

/** @param group  name of the log group; a star for what is only known later */
export function writeMetricEvents(place: ResourcePlace, group: string): PolicyStatement {
  return {
    id: 'WriteMetricEvents',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [makeArn(place, 'logs', `log-group:${group}:log-stream:*`)],
    why: 'emf_write; without it no metric gets to CloudWatch',
  };
}

export function makeLogGroup(
  place: ResourcePlace,
  group: string,
  { hasRetention, hasTags }: { readonly hasRetention: boolean; readonly hasTags: boolean },
): PolicyStatement {
  return {
    id: 'MakeLogGroup',
    actions: [
      'logs:CreateLogGroup',
      ...(hasRetention ? ['logs:PutRetentionPolicy'] : []),
      ...(hasTags ? ['logs:TagResource'] : []),
    ],
    resources: [
      makeArn(place, 'logs', `log-group:${group}`),
      makeArn(place, 'logs', `log-group:${group}:*`),
    ],
    why: 'emf_write; without it the log group must be there',
  };
}

/** With these, AWS is called as another role. */
export function assumeRole(role: string): PolicyStatement {
  return {
    id: 'AssumeRole',
    actions: ['sts:AssumeRole'],
    resources: [role],
    why: 'role_arn: that role needs what is done with it',
  };
}

/** @param service  of AWS that the role is handed to */
export function handOver(role: AwsValue, service: string): PolicyStatement {
  return {
    id: 'HandOverRole',
    actions: ['iam:PassRole'],
    resources: [role],
    conditions: { StringEquals: { 'iam:PassedToService': service } },
    why: 'ECS starts instances with this role; without it none starts',
  };
}

/** The pages of the workspace that show what X-Ray and CloudWatch have. */
export function showTracesAndMetrics(): PolicyStatement[] {
  return [
    {
      id: 'ShowTraces',
      actions: ['xray:GetTraceSummaries', 'xray:BatchGetTraces', 'xray:GetServiceGraph'],
      resources: ['*'],
      why: "the workspace's page of traces: these actions know no resources",
    },
    {
      id: 'ShowMetrics',
      actions: ['cloudwatch:ListMetrics', 'cloudwatch:GetMetricData'],
      resources: ['*'],
      why: "the workspace's page of CloudWatch: metrics are no resources",
    },
  ];
}

/** What the agent of ECS does before a container runs: each image of ECR by its own registry. */
export function pullAndLog(images: readonly string[], group: AwsValue): PolicyStatement[] {
  const repositories = [...new Set(images)].flatMap((image) => {
    const [, account, region = '', name = ''] = ECR_IMAGE.exec(image) ?? [];
    if (account === undefined) return [];
    return [makeArn({ partition: PARTITION, region, account }, 'ecr', `repository/${name}`)];
  });
  const pull: PolicyStatement[] = [
    {
      id: 'PullToken',
      actions: ['ecr:GetAuthorizationToken'],
      resources: ['*'],
      why: 'the agent of ECS logs in to ECR',
    },
    {
      id: 'PullImage',
      actions: [
        'ecr:BatchCheckLayerAvailability',
        'ecr:GetDownloadUrlForLayer',
        'ecr:BatchGetImage',
      ],
      resources: repositories,
      why: 'the agent of ECS pulls the images',
    },
  ];
  return [
    ...(repositories.length === 0 ? [] : pull),
    {
      id: 'WriteLogs',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [group],
      why: 'the log driver awslogs',
    },
  ];
}

const ECR_IMAGE = /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z\d-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)/;

/** One statement of those with the same name and conditions; names become unique. */
export function mergeStatements(statements: readonly PolicyStatement[]): PolicyStatement[] {
  const merged = new Map<string, PolicyStatement>();
  const union = <Value>(one: readonly Value[], other: readonly Value[]): Value[] => [
    ...new Map([...one, ...other].map((value) => [JSON.stringify(value), value])).values(),
  ];
  for (const statement of statements) {
    const { id, actions, conditions } = statement;
    const key = JSON.stringify([id, actions, conditions]);
    const before = merged.get(key);
    const whys = new Set([...(before?.why.split('\n') ?? []), statement.why]);
    merged.set(key, {
      ...statement,
      resources: union(before?.resources ?? [], statement.resources),
      why: [...whys].join('\n'),
    });
  }
  const counts = new Map<string, number>();
  return [...merged.values()].map((statement) => {
    const count = (counts.get(statement.id) ?? 0) + 1;
    counts.set(statement.id, count);
    return count === 1 ? statement : { ...statement, id: `${statement.id}${count}` };
  });
}
