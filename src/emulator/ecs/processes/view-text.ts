/**
 * What a container's process is told of its container, in a variable: where its network is, and
 * where its mounted folders lie.
 */

export interface ContainerMount {
  /** The path within the container, without a slash at its end. */
  readonly at: string;
  readonly folder: string;
}

export interface ContainerView {
  /** The address of the task, or of its instance. */
  readonly address: string;
  /** The URL of the emulator. */
  readonly emulator: string;
  /** The port of the machine by port of the container, where they differ. */
  readonly ports: Readonly<Record<string, number>>;
  /** The longest path first. */
  readonly mounts: readonly ContainerMount[];
}

const VARIABLE = 'AMPERAGE_CONTAINER';

export function writeContainerView(view: ContainerView): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(view) };
}

export function readContainerView(
  env: Readonly<Record<string, string | undefined>>,
): ContainerView {
  return JSON.parse(env[VARIABLE] ?? '{}') as ContainerView;
}
