/** What all containers of a template have in common: logs, and a file system that is read only. */
import type { Properties, AwsValue } from '../template.ts';

export interface ContainerParts {
  readonly name: string;
  readonly image: AwsValue;
  readonly command?: readonly AwsValue[];
  readonly ports?: readonly { readonly port: number; readonly protocol?: 'tcp' | 'udp' }[];
  readonly environment?: Readonly<Record<string, AwsValue>>;
  readonly isEssential?: boolean;
  readonly more?: Properties;
}

export interface LogParts {
  readonly group: AwsValue;
  readonly region: string;
}

/** A container that runs as its image says. */
export function defineContainer(parts: ContainerParts, { group, region }: LogParts): Properties {
  const { name, image, command, ports = [], environment = {}, isEssential = true, more } = parts;
  return {
    Name: name,
    Image: image,
    Essential: isEssential,
    ...(command === undefined ? {} : { Command: [...command] }),
    ...(ports.length === 0
      ? {}
      : {
          PortMappings: ports.map(({ port, protocol = 'tcp' }) => ({
            ContainerPort: port,
            Protocol: protocol,
          })),
        }),
    ...(Object.keys(environment).length === 0
      ? {}
      : {
          Environment: Object.entries(environment).map(([Name, Value]) => ({ Name, Value })),
        }),
    LogConfiguration: {
      LogDriver: 'awslogs',
      Options: {
        'awslogs-group': group,
        'awslogs-region': region,
        'awslogs-stream-prefix': name,
      },
    },
    ...more,
  };
}

/** What a task within AWS runs on. */
export function describePlatform(architecture: 'arm64' | 'x86_64'): Properties {
  return {
    CpuArchitecture: architecture === 'arm64' ? 'ARM64' : 'X86_64',
    OperatingSystemFamily: 'LINUX',
  };
}

/** Whom the image runs as. */
export const IMAGE_USER = '65532';

/** A container of Amperage: nothing of it is written but what is mounted, and it is nobody. */
export function defineOwnContainer(parts: ContainerParts, logs: LogParts): Properties {
  return defineContainer(
    {
      ...parts,
      more: {
        ReadonlyRootFilesystem: true,
        User: IMAGE_USER,
        LinuxParameters: { InitProcessEnabled: true },
        ...parts.more,
      },
    },
    logs,
  );
}

/** Asks a server of Amperage how it is; its image has neither shell nor curl. */
export function defineHealthCheck(port: number): Properties {
  return {
    HealthCheck: {
      Command: ['CMD', 'amperage', 'check', 'healthcheck', `http://127.0.0.1:${port}/-/healthy`],
      Interval: 10,
      Timeout: 5,
      Retries: 3,
      StartPeriod: 30,
    },
  };
}
