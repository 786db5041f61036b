/**
 * Launch configurations of Auto Scaling.
 * Limit: CONFIGURATIONS_MAX of them.
 * Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateLaunchConfiguration.html
 */
import { randomUUID } from 'node:crypto';
import { type ActionHandler, AwsError, type AwsInput, type AwsPlace } from '../service.ts';
import {
  cutRecords,
  invalidScaling,
  readFlag,
  readScalingName,
  readScalingNames,
  requireScalingName,
} from './requests.ts';

const CONFIGURATIONS_MAX = 1_000;

interface LaunchConfiguration {
  readonly LaunchConfigurationName: string;
  readonly LaunchConfigurationARN: string;
  readonly CreatedTime: string;
  /** What it was made with. */
  readonly given: AwsInput;
}

export class LaunchConfigurations {
  readonly #all = new Map<string, LaunchConfiguration>();
  readonly #place: AwsPlace;
  readonly #nowMs: () => number;

  constructor(place: AwsPlace, nowMs: () => number) {
    this.#place = place;
    this.#nowMs = nowMs;
  }

  /** By name or ARN. */
  find(name: string): LaunchConfiguration | undefined {
    const wanted = name.split('launchConfigurationName/').at(-1) ?? '';
    return this.#all.get(wanted);
  }

  /** The members of EC2's RunInstances. @throws AwsError */
  launchInput(name: string): AwsInput {
    const found = this.find(name);
    if (found === undefined) throw missing(name);
    const { given } = found;
    const profile = readScalingName(given, 'IamInstanceProfile');
    const groups = readScalingNames(given, 'SecurityGroups');
    const isId = (group: string): boolean => group.startsWith('sg-');
    const isPublic = readFlag(given, 'AssociatePublicIpAddress');
    return {
      ...pickGiven(given, ['ImageId', 'InstanceType', 'KeyName', 'MetadataOptions', 'UserData']),
      ...(profile === undefined
        ? {}
        : {
            IamInstanceProfile: profile.startsWith('arn:') ? { Arn: profile } : { Name: profile },
          }),
      SecurityGroupIds: groups.filter(isId),
      SecurityGroups: groups.filter((group) => !isId(group)),
      ...(isPublic === undefined
        ? {}
        : { NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: isPublic }] }),
    };
  }

  /** @param isUsed  whether a group starts instances with it */
  actions(isUsed: (name: string) => boolean): Record<string, ActionHandler> {
    return {
      CreateLaunchConfiguration: (input) => {
        this.#create(input);
        return {};
      },
      DescribeLaunchConfigurations: (input) => {
        const names = readScalingNames(input, 'LaunchConfigurationNames');
        const all = [...this.#all.values()].filter(
          ({ LaunchConfigurationName: name }) => names.length === 0 || names.includes(name),
        );
        const { page, ...more } = cutRecords(all, input);
        const shown = page.map(({ given, ...one }) => ({
          SecurityGroups: [],
          BlockDeviceMappings: [],
          KeyName: '',
          KernelId: '',
          RamdiskId: '',
          UserData: '',
          InstanceMonitoring: { Enabled: true },
          EbsOptimized: false,
          ...given,
          ...one,
        }));
        return { LaunchConfigurations: shown, ...more };
      },
      DeleteLaunchConfiguration: (input) => {
        const name = requireScalingName(input, 'LaunchConfigurationName');
        if (this.find(name) === undefined) throw missing(name);
        if (isUsed(name))
          throw new AwsError(
            'ResourceInUse',
            `Cannot delete launch configuration ${name} because it is attached to ` +
              'AutoScalingGroup',
          );
        this.#all.delete(name);
        return {};
      },
    };
  }

  #create(input: AwsInput): void {
    const LaunchConfigurationName = requireScalingName(input, 'LaunchConfigurationName');
    requireScalingName(input, 'ImageId');
    requireScalingName(input, 'InstanceType');
    if (this.#all.has(LaunchConfigurationName))
      throw new AwsError(
        'AlreadyExists',
        'Launch Configuration by this name already exists - A launch configuration already ' +
          `exists with the name ${LaunchConfigurationName}`,
      );
    if (this.#all.size >= CONFIGURATIONS_MAX)
      throw new AwsError(
        'LimitExceeded',
        `You have reached the limit of ${CONFIGURATIONS_MAX} launch configurations.`,
      );
    const { accountId, region } = this.#place;
    this.#all.set(LaunchConfigurationName, {
      LaunchConfigurationName,
      LaunchConfigurationARN:
        `arn:aws:autoscaling:${region}:${accountId}:launchConfiguration:${randomUUID()}:` +
        `launchConfigurationName/${LaunchConfigurationName}`,
      CreatedTime: new Date(this.#nowMs()).toISOString(),
      given: input,
    });
  }
}

function missing(name: string): AwsError {
  return invalidScaling(
    `Launch configuration name not found - Launch configuration ${name} not found`,
  );
}

function pickGiven(input: AwsInput, names: readonly string[]): AwsInput {
  const given = names.filter((name) => (input[name] ?? '') !== '');
  return Object.fromEntries(given.map((name) => [name, input[name]]));
}
