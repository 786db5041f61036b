/**
 * The images that instances can be started from: those that AWS keeps for ECS, and one that stands
 * for any other. Their ids differ by region, as on AWS. Pure.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
 */
import { createHash } from 'node:crypto';

export interface Image {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  readonly os: string;
  /** The public parameter that tells it, without its last part. */
  readonly parameter?: string;
}

const AGENT = '1.102.0';
const DOCKER = '25.0.13';
const VERSION = '20261103';
const ECS = '/aws/service/ecs/optimized-ami';
const ROCKET = '/aws/service/bottlerocket/aws-ecs-2';

const KINDS: readonly Omit<Image, 'id'>[] = [
  {
    name: `al2023-ami-ecs-hvm-2023.0.${VERSION}-kernel-6.1-x86_64`,
    architecture: 'x86_64',
    os: 'Amazon Linux 2023',
    parameter: `${ECS}/amazon-linux-2023/recommended`,
  },
  {
    name: `al2023-ami-ecs-hvm-2023.0.${VERSION}-kernel-6.1-arm64`,
    architecture: 'arm64',
    os: 'Amazon Linux 2023',
    parameter: `${ECS}/amazon-linux-2023/arm64/recommended`,
  },
  {
    name: `amzn2-ami-ecs-hvm-2.0.${VERSION}-x86_64-ebs`,
    architecture: 'x86_64',
    os: 'Amazon Linux 2',
    parameter: `${ECS}/amazon-linux-2/recommended`,
  },
  {
    name: `amzn2-ami-ecs-hvm-2.0.${VERSION}-arm64-ebs`,
    architecture: 'arm64',
    os: 'Amazon Linux 2',
    parameter: `${ECS}/amazon-linux-2/arm64/recommended`,
  },
  {
    name: `bottlerocket-aws-ecs-2-x86_64-v1.49.0`,
    architecture: 'x86_64',
    os: 'Bottlerocket',
    parameter: `${ROCKET}/x86_64/latest`,
  },
  {
    name: `bottlerocket-aws-ecs-2-aarch64-v1.49.0`,
    architecture: 'arm64',
    os: 'Bottlerocket',
    parameter: `${ROCKET}/arm64/latest`,
  },
];

export function listImages(region: string): Image[] {
  const other = { name: 'any-other', architecture: 'x86_64', os: 'Linux/UNIX' };
  return [
    ...KINDS.map((kind) => {
      const hash = createHash('sha256').update(`${region} ${kind.name}`).digest('hex');
      return { ...kind, id: `ami-0${hash.slice(0, 16)}` };
    }),
    { ...other, id: 'ami-0123456789abcdef0' },
  ];
}

/** The value of a public parameter of AWS that tells of an image; undefined for any other. */
export function findPublicParameter(region: string, name: string): string | undefined {
  for (const { id, parameter, name: image_name, os } of listImages(region)) {
    if (parameter === undefined || !name.startsWith(parameter)) continue;
    const members: Readonly<Record<string, string>> =
      os === 'Bottlerocket'
        ? { image_id: id, image_version: '1.49.0' }
        : {
            ecs_agent_version: AGENT,
            ecs_runtime_version: `Docker version ${DOCKER}`,
            image_id: id,
            image_name,
            image_version: `2.0.${VERSION}`,
            os,
            schema_version: '1',
          };
    const end = name.slice(parameter.length);
    if (end === '' && os !== 'Bottlerocket') return JSON.stringify(members);
    if (end.startsWith('/') && Object.hasOwn(members, end.slice(1))) return members[end.slice(1)];
  }
  return undefined;
}
