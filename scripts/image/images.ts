/**
 * Builds the targets of the Dockerfile with buildah, which needs neither a daemon nor a registry:
 * the assembled file system stands in for the stage that would be built of a base image. Images are
 * kept in a folder of the caller, apart from those of the machine.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { assemble } from './assemble.ts';

const repository = path.resolve(import.meta.dirname, '../..');
const DOCKERFILE = path.join(repository, 'Dockerfile');

/** What a container is started with. */
export interface ImageConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly Healthcheck?: { readonly Test: readonly string[] };
}

/** The targets of the Dockerfile that become images. */
export function listTargets(): string[] {
  const stages = readFileSync(DOCKERFILE, 'utf8').matchAll(/^FROM base AS (\S+)$/gm);
  return [...stages].map(([, name = '']) => name);
}

export class ImageStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(path.join(folder, 'context'), { recursive: true });
  }

  /** Assembles what all images have in common; call it once before `build`. */
  assemble(): void {
    for (const remark of assemble(path.join(this.#folder, 'assembled/rootfs')))
      process.stderr.write(`image: ${remark}\n`);
  }

  build(target: string): void {
    const context = `assembled=${path.join(this.#folder, 'assembled')}`;
    const how = ['--quiet', '--layers', '--isolation', 'chroot', '--format', 'docker'];
    const what = ['--build-context', context, '--target', target, '--file', DOCKERFILE];
    const empty = path.join(this.#folder, 'context');
    this.#buildah('bud', ...how, ...what, '--tag', nameImage(target), empty);
  }

  readConfig(target: string): ImageConfig {
    const text = this.#buildah('inspect', '--type', 'image', nameImage(target));
    const { Docker } = JSON.parse(text) as { Docker: { config: ImageConfig } };
    return Docker.config;
  }

  /** The folder in which a new container of the image has its file system. */
  mount(target: string): string {
    const container = this.#buildah('from', '--pull-never', nameImage(target)).trim();
    return this.#buildah('mount', container).trim();
  }

  /** The layers of an image by their digests, each with its bytes, not compressed. */
  listLayers(target: string): Map<string, number> {
    const text = this.#buildah('inspect', '--type', 'image', nameImage(target));
    const { Manifest } = JSON.parse(text) as { Manifest: string };
    const { layers } = JSON.parse(Manifest) as { layers: { digest: string; size: number }[] };
    return new Map(layers.map(({ digest, size }) => [digest, size]));
  }

  /** As a registry would store it: layers and configuration, in bytes. It takes seconds. */
  measureCompressed(target: string): number {
    const folder = path.join(this.#folder, 'pushed');
    this.#buildah('push', '--quiet', '--format', 'v2s2', nameImage(target), `dir:${folder}`);
    const bytes = globSync('*', { cwd: folder })
      .map((name) => statSync(path.join(folder, name)).size)
      .reduce((sum, size) => sum + size, 0);
    rmSync(folder, { recursive: true, force: true });
    return bytes;
  }

  /** Writes a file that `docker load` and `skopeo copy docker-archive:…` read. */
  archive(target: string, file: string): void {
    this.#buildah(
      'push',
      '--quiet',
      nameImage(target),
      `docker-archive:${file}:${nameImage(target)}`,
    );
  }

  /** Ends all containers and removes the folder. */
  remove(): void {
    this.#buildah('rm', '--all');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #buildah(...words: readonly string[]): string {
    const where = ['--root', `${this.#folder}/store`, '--runroot', `${this.#folder}/run`];
    return execFileSync('buildah', [...where, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, STORAGE_DRIVER: 'vfs' },
    });
  }
}

function nameImage(target: string): string {
  return target === 'amperage' ? 'amperage:latest' : `amperage:${target}`;
}
