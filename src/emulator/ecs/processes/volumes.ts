/**
 * Where the volumes of a task lie on this machine: a folder of the task, which goes with it; the
 * folder of a file system of EFS, which stays; or the path of the host that the volume names.
 */
import path from 'node:path';
import { makeFolders } from '../../../kernel/folders.ts';
import type { ContainerDefinition, TaskDefinition, Volume } from '../shapes.ts';
import type { ContainerMount } from './view-text.ts';
import { escapeRegex } from '../../../kernel/regex-text.ts';

export interface VolumePlaces {
  /** Of the task. */
  readonly task: string;
  /** Of all file systems. */
  readonly fileSystems: string;
}

export function mountVolumes(
  { mountPoints = [] }: ContainerDefinition,
  { volumes = [] }: TaskDefinition,
  places: VolumePlaces,
): ContainerMount[] {
  const mounts = mountPoints.flatMap(({ sourceVolume, containerPath = '' }) => {
    const volume = volumes.find(({ name }) => name === sourceVolume);
    if (volume === undefined) return [];
    return [{ at: containerPath.replace(/\/+$/, ''), folder: findFolder(volume, places) }];
  });
  return mounts.sort((a, b) => b.at.length - a.at.length);
}

function findFolder(
  { name, host, efsVolumeConfiguration: efs }: Volume,
  { task, fileSystems }: VolumePlaces,
): string {
  const source = host?.sourcePath ?? '';
  if (source !== '') return source.replace(/\/+$/, '');
  const folder =
    efs === undefined
      ? path.join(task, 'volumes', name)
      : path.join(
          fileSystems,
          safe(efs.fileSystemId),
          safe(efs.authorizationConfig?.accessPointId ?? ''),
          // Below the file system alone, whatever the directory says.
          path.resolve('/', efs.rootDirectory ?? '/'),
        );
  makeFolders(folder);
  return folder;
}

const safe = (id: string): string => id.replaceAll(/[^\w-]/g, '_');

/** Puts the folders of mounts in the place of the paths of a container in an argument. */
export function replacePaths(text: string, mounts: readonly ContainerMount[]): string {
  let result = text;
  for (const { at, folder } of mounts) {
    const pattern = new RegExp(`(?<![\\w/.-])${escapeRegex(at)}(?![\\w.-])`, 'g');
    result = result.replaceAll(pattern, (_, offset: number, whole: string) =>
      folder === '' && whole[offset + at.length] !== '/' ? '/' : folder,
    );
  }
  return result;
}
