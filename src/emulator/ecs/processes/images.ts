/**
 * Which program of this machine stands for which image. Rules of a file come first; then our own
 * image, the programs that our commands replace, and the sample applications. Pure.
 */
import * as z from 'zod';
import { ConfigError } from '../../../kernel/errors.ts';
import { escapeRegex } from '../../../kernel/regex-text.ts';

const ruleSchema = z.strictObject({
  image: z
    .string()
    .min(1)
    .meta({
      description: 'Image as a task definition names it; * stands for any characters.',
      examples: ['quay.io/prometheus/node-exporter*'],
    }),
  program: z
    .array(z.string())
    .min(1)
    .max(100)
    .meta({
      description:
        'Program and its first arguments, as the entry point of an image; amperage is this one.',
      examples: [['/usr/bin/prometheus-node-exporter']],
    }),
  command: z
    .array(z.string())
    .max(100)
    .default([])
    .describe('Further arguments, for a container that has no command of its own.'),
});

export const imagesSchema = z.strictObject({
  images: z.array(ruleSchema).max(1_000).describe('The first that fits is taken.'),
});

export interface ImageRule {
  readonly fits: (image: string) => boolean;
  readonly program: readonly string[];
  readonly command: readonly string[];
}

export const OWN_PROGRAM = 'amperage';

/** Of the last part of an image's name, without tag. */
const BUILT_IN: readonly (readonly [RegExp, string, readonly string[]])[] = [
  [/^amperage/, '', []],
  [/sdconfig|ecs-discovery/, 'discover', []],
  [/sigv4-proxy/, 'proxy', []],
  [/ecs-exporter/, 'exporter', ['--profile', 'ecs_exporter', 'ecs_cpu_percent']],
  [/ecs_exporter/, 'exporter', []],
  [/otel-collector|^vmagent/, 'collect', []],
  [/^prometheus$/, 'collect', ['--config.file=/etc/prometheus/prometheus.yml']],
  // Servers that fetch the configuration that a variable names.
  [/^(?:ecomm-prometheus|prometheus-with-remote-configuration)$/, 'collect', []],
  [/xray-daemon/, 'xray', ['--bind=0.0.0.0:2000', '--bind-tcp=0.0.0.0:2000']],
  [/webapp|sample-app/, 'sample-app', []],
];

const IMAGES_REMEDY = 'add it to the file of --images';

export class Images {
  readonly #rules: readonly ImageRule[];

  constructor(rules: readonly ImageRule[] = []) {
    this.#rules = [...rules, ...BUILT_IN.map(readBuiltIn)];
  }

  /** @throws Error in the words of an image that can not be pulled */
  find(image: string): ImageRule {
    const found = this.#rules.find(({ fits }) => fits(image));
    if (found !== undefined) return found;
    throw new Error(
      `CannotPullContainerError: no program of this machine stands for ${image}; ${IMAGES_REMEDY}`,
    );
  }
}

/**
 * Reads the rules of a file, from its document.
 *
 * @throws ConfigError EMULATOR_IMAGES
 */
export function parseImages(document: unknown, file: string): ImageRule[] {
  const parsed = imagesSchema.safeParse(document);
  if (!parsed.success)
    throw new ConfigError('EMULATOR_IMAGES', `${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.images.map(({ image, program, command }) => {
    const pattern = image.split('*').map(escapeRegex);
    const whole = new RegExp(`^${pattern.join('.*')}$`);
    return { fits: (name) => whole.test(name), program, command };
  });
}

function readBuiltIn([pattern, name, command]: (typeof BUILT_IN)[number]): ImageRule {
  return {
    fits: (image) => pattern.test(lastPart(image)),
    program: name === '' ? [OWN_PROGRAM] : [OWN_PROGRAM, name],
    command,
  };
}

/** `public.ecr.aws/a/generic-webapp:6.0` is `generic-webapp`. */
function lastPart(image: string): string {
  return (image.split('/').at(-1) ?? '').replace(/[:@].*$/, '');
}
