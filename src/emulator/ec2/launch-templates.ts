/**
 * EC2's launch templates and their versions.
 * Limit: VERSIONS_MAX versions of a template.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
 */
import { type ActionHandler, AwsError, type AwsInput } from '../service.ts';
import { describeShelf, readTagSpecifications } from './described.ts';
import { cutEc2Page, readEc2Text, readEc2Texts, requireMember } from './lists.ts';
import type { Ec2Network } from './network.ts';
import type { LaunchTemplate } from './shapes.ts';

const VERSIONS_MAX = 10_000;

export type LaunchData = Readonly<Record<string, unknown>>;

export function launchTemplateActions(network: Ec2Network): Record<string, ActionHandler> {
  const { templates } = network;
  const show = ({ versions, ...template }: LaunchTemplate): object => ({
    ...template,
    LatestVersionNumber: versions.length,
    Tags: network.listTags(template.LaunchTemplateId),
  });
  return {
    CreateLaunchTemplate: (input, { caller }) => {
      const tags = readTagSpecifications(input, ['launch-template']);
      const LaunchTemplateName = requireMember(input, 'LaunchTemplateName');
      if (!/^[a-zA-Z0-9()./_-]{3,128}$/.test(LaunchTemplateName))
        throw new AwsError(
          'InvalidLaunchTemplateName.MalformedException',
          'A launch template name must be between 3 and 128 characters of a-z A-Z 0-9 ( ) . / _ -',
        );
      if (findNamed(network, LaunchTemplateName) !== undefined)
        throw new AwsError(
          'InvalidLaunchTemplateName.AlreadyExistsException',
          'Launch template name already in use.',
        );
      const made = templates.add((LaunchTemplateId) => ({
        LaunchTemplateId,
        LaunchTemplateName,
        CreateTime: network.now(),
        CreatedBy: caller.arn,
        DefaultVersionNumber: 1,
        versions: [makeVersion(network, input, caller.arn)],
      }));
      network.setTags(made.LaunchTemplateId, tags('launch-template'));
      return { LaunchTemplate: show(made) };
    },
    CreateLaunchTemplateVersion: (input, { caller }) => {
      const template = findTemplate(network, input);
      const source = readEc2Text(input, 'SourceVersion');
      const before = source === undefined ? {} : readVersion(template, source).data;
      const version = makeVersion(network, input, caller.arn);
      if (template.versions.length >= VERSIONS_MAX)
        throw new AwsError(
          'VersionLimitExceeded',
          `A launch template has at most ${VERSIONS_MAX} versions.`,
        );
      const LaunchTemplateData = { ...before, ...version.LaunchTemplateData };
      template.versions.push({ ...version, LaunchTemplateData });
      return { LaunchTemplateVersion: showVersion(template, template.versions.length) };
    },
    ModifyLaunchTemplate: (input) => {
      const template = findTemplate(network, input);
      template.DefaultVersionNumber = readVersion(
        template,
        requireMember(input, 'DefaultVersion'),
      ).number;
      return { LaunchTemplate: show(template) };
    },
    DeleteLaunchTemplate: (input) => {
      const template = findTemplate(network, input);
      const shown = show(template);
      network.remove(templates, template.LaunchTemplateId);
      return { LaunchTemplate: shown };
    },
    DescribeLaunchTemplates: (input) => {
      const named = readEc2Texts(input, 'LaunchTemplateNames');
      const ids = named.map((name) => requireNamed(network, name).LaunchTemplateId);
      const asked = [...readEc2Texts(input, 'LaunchTemplateIds'), ...ids];
      for (const id of asked) requireId(network, id);
      return describeShelf(
        network,
        templates,
        { ...input, LaunchTemplateIds: asked },
        {
          list: 'LaunchTemplates',
          ids: 'LaunchTemplateIds',
          idOf: ({ LaunchTemplateId }) => LaunchTemplateId,
          filters: {
            'create-time': ({ CreateTime }) => CreateTime,
            'launch-template-name': ({ LaunchTemplateName }) => LaunchTemplateName,
          },
          show,
        },
      );
    },
    DescribeLaunchTemplateVersions: (input) => {
      const asked = readEc2Texts(input, 'Versions');
      const isNamed = ['LaunchTemplateId', 'LaunchTemplateName'].some((key) => key in input);
      const found = (isNamed ? [findTemplate(network, input)] : templates.values()).flatMap(
        (template) => {
          const numbers =
            asked.length > 0
              ? asked.map((version) => readVersion(template, version).number)
              : template.versions.map((_, index) => index + 1);
          return numbers.map((number) => showVersion(template, number));
        },
      );
      const { page, ...more } = cutEc2Page(found, input, 'LaunchTemplateVersions');
      return { LaunchTemplateVersions: page, ...more };
    },
  };
}

function makeVersion(
  network: Ec2Network,
  input: AwsInput,
  CreatedBy: string,
): LaunchTemplate['versions'][number] {
  const LaunchTemplateData = input['LaunchTemplateData'] as LaunchData | undefined;
  if (LaunchTemplateData === undefined)
    throw new AwsError(
      'MissingParameter',
      'The request must contain the parameter LaunchTemplateData',
    );
  const VersionDescription = readEc2Text(input, 'VersionDescription');
  return { CreateTime: network.now(), CreatedBy, VersionDescription, LaunchTemplateData };
}

function showVersion(template: LaunchTemplate, number: number): object {
  const { LaunchTemplateId, LaunchTemplateName, DefaultVersionNumber } = template;
  return {
    LaunchTemplateId,
    LaunchTemplateName,
    VersionNumber: number,
    DefaultVersion: number === DefaultVersionNumber,
    ...template.versions[number - 1],
  };
}

function findNamed({ templates }: Ec2Network, name: string): LaunchTemplate | undefined {
  return templates.values().find(({ LaunchTemplateName }) => LaunchTemplateName === name);
}

function requireNamed(network: Ec2Network, name: string): LaunchTemplate {
  const found = findNamed(network, name);
  if (found !== undefined) return found;
  throw new AwsError(
    'InvalidLaunchTemplateName.NotFoundException',
    `At least one of the launch templates specified in the request does not exist: ${name}`,
  );
}

function requireId({ templates }: Ec2Network, id: string): LaunchTemplate {
  if (templates.has(id)) return templates.find(id);
  throw new AwsError(
    'InvalidLaunchTemplateId.NotFound',
    `The specified launch template, with template ID ${id}, does not exist.`,
  );
}

/** By LaunchTemplateId or LaunchTemplateName. @throws AwsError */
export function findTemplate(network: Ec2Network, input: AwsInput): LaunchTemplate {
  const name = readEc2Text(input, 'LaunchTemplateName');
  return input['LaunchTemplateId'] === undefined && name !== undefined
    ? requireNamed(network, name)
    : requireId(network, requireMember(input, 'LaunchTemplateId'));
}

/** @param version  a number, `$Latest` or `$Default`, which is meant where it is empty */
export function readVersion(
  template: LaunchTemplate,
  version: string,
): { readonly number: number; readonly data: LaunchData } {
  const { versions, DefaultVersionNumber, LaunchTemplateId } = template;
  const named: Readonly<Record<string, number>> = {
    '': DefaultVersionNumber,
    $Default: DefaultVersionNumber,
    $Latest: versions.length,
  };
  const number = named[version] ?? Number(version);
  const found = versions[number - 1];
  if (found === undefined)
    throw new AwsError(
      'InvalidLaunchTemplateId.VersionNotFound',
      `Could not find the specified version ${version} for the launch template with ID ` +
        `${LaunchTemplateId}.`,
    );
  return { number, data: found.LaunchTemplateData };
}
