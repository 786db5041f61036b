/**
 * The public parameters of AWS that templates read: the newest image of Amazon ECS, by distribution
 * and architecture. An image's id is made of its region and path, so it is always the same. Pure.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
 */
import { createHash } from 'node:crypto';

const IMAGE =
  /^\/aws\/service\/ecs\/optimized-ami\/(amazon-linux-2(?:023)?(?:\/(?:arm64|gpu|inf|neuron|kernel-5\.10(?:\/arm64)?))?)\/recommended(?:\/(image_id|image_name|os|ecs_agent_version|ecs_runtime_version))?$/;

/** The value of a public parameter; undefined for a name that is none of these. */
export function readPublicParameter(name: string, region: string): string | undefined {
  const [, distribution, member] = IMAGE.exec(name) ?? [];
  if (distribution === undefined) return undefined;
  const hash = createHash('sha256').update(`${region}${distribution}`).digest('hex');
  const isTwo = distribution.startsWith('amazon-linux-2/') || distribution === 'amazon-linux-2';
  const image: Readonly<Record<string, string>> = {
    ecs_agent_version: '1.100.0',
    ecs_runtime_version: 'Docker version 25.0.8',
    image_id: `ami-${hash.slice(0, 17)}`,
    image_name: `${isTwo ? 'amzn2' : 'al2023'}-ami-ecs-${distribution.includes('arm64') ? 'arm64' : 'x86_64'}`,
    os: isTwo ? 'Amazon Linux 2' : 'Amazon Linux 2023',
  };
  return member === undefined ? JSON.stringify(image) : image[member];
}
