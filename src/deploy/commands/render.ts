/**
 * A template as scripts for the AWS CLI: `create.sh`, `destroy.sh`, what both know of each resource
 * (`resources.sh`), and an input file for each call. Pure.
 */
import {
  type AwsValue,
  type DeploymentTemplate,
  PseudoParameter,
  PublicParameter,
  type Resource,
  Zone,
} from '../template.ts';
import type { FindCall, ResourceCommands, CallStep, Word } from './calls.ts';
import { SHELL_FUNCTIONS } from './functions.ts';
import { findCommands } from './kinds.ts';
import { findPartition } from '../partitions.ts';
import { listVariables, renderInput, renderWord, variableOf } from './words.ts';

/** Path within the folder → text. */
export type ScriptFiles = ReadonlyMap<string, string>;

interface Planned {
  readonly resource: Resource;
  readonly commands: ResourceCommands;
}

export function renderCommands(template: DeploymentTemplate): ScriptFiles {
  const planned = template.resources.map((resource) => ({
    resource,
    commands: findCommands(resource, template.name),
  }));
  const inputs = new Map<string, string>();
  const functions = planned.map((one) => renderFunctions(one, inputs));
  const what = `the deployment ${template.name} in ${template.region}`;
  return new Map([
    [
      'create.sh',
      script(`Makes ${what}. What is there is used; run it again after a change or a fault.`, [
        ...askAll(template),
        ...planned.map(({ resource }) => `create ${resource.id} ${renderWord(resource.why)}`),
        'say "all is there"',
        ...template.outputs.map(
          ({ name, value }) => `say ${renderWord(`${name}: `)}${renderWord(value as Word)}`,
        ),
      ]),
    ],
    ['destroy.sh', renderDestroy(planned, template, what)],
    [
      'resources.sh',
      [
        `# What create.sh and destroy.sh know of ${what}.`,
        `export AWS_REGION=${template.region} AWS_DEFAULT_REGION=${template.region}`,
        SHELL_FUNCTIONS,
        ...functions,
      ].join('\n'),
    ],
    ...[...inputs].map(([name, text]) => [`input/${name}.json`, text] as const),
  ]);
}

function script(about: string, lines: readonly string[]): string {
  return `#!/bin/sh
# ${about}
# Made by amperage generate commands.
set -eu
. "$(dirname -- "$0")/resources.sh"

${lines.join('\n')}
`;
}

/** In the reverse order; what is kept is told, and its values stay in the state. */
function renderDestroy(
  planned: readonly Planned[],
  template: DeploymentTemplate,
  what: string,
): string {
  const needing = ({ resource, commands }: Planned): string =>
    [resource.id, ...listNeeds(resource, commands)].join(' ');
  return script(`Takes ${what} away, and what is kept is told.`, [
    "kept=''",
    ...askAll(template),
    ...planned.map((one) => `look ${needing(one)}`),
    ...planned
      .toReversed()
      .map((one) => `${one.resource.isKept === true ? 'keep' : 'destroy'} ${needing(one)}`),
    'if [ -z "$kept" ]; then',
    '  rm -f "$state"',
    '  say "nothing is left"',
    'else',
    '  say "left, as its data cannot be had again:$kept"',
    'fi',
  ]);
}

/** What must be known to find a resource; its own values are what that finds. */
function listNeeds({ id }: Resource, { find, remove }: ResourceCommands): string[] {
  const words = [
    ...find.words,
    find.query,
    ...remove.flatMap((step) => ('words' in step ? step.words : [])),
  ];
  const own = new Set([id]);
  return [...new Set(words.flatMap(listVariables))].filter(
    (name) => !own.has(name.split('_')[0] ?? ''),
  );
}

/** Values of the account that the inputs need. */
function askAll({ region, resources, outputs }: DeploymentTemplate): string[] {
  const asked = new Map([
    ['aws_Region', `remember aws_Region ${region}`],
    ['aws_Partition', `remember aws_Partition ${findPartition(region)}`],
  ]);
  const walk = (value: AwsValue): void => {
    const name = variableOf(value);
    const words = questionOf(value);
    if (name !== undefined && words !== undefined) asked.set(name, `ask ${name} ${words}`);
    else if (typeof value === 'object')
      for (const one of Object.values(value)) walk(one as AwsValue);
  };
  for (const { properties } of resources) walk(properties);
  for (const { value } of outputs) walk(value);
  return [...asked.values()];
}

function questionOf(value: AwsValue): string | undefined {
  if (value instanceof Zone)
    return (
      'ec2 describe-availability-zones --filters Name=zone-type,Values=availability-zone ' +
      `--query "sort(AvailabilityZones[].ZoneName)[${value.index}]"`
    );
  if (value instanceof PublicParameter)
    return `ssm get-parameter --name ${renderWord(value.path)} --query Parameter.Value`;
  if (!(value instanceof PseudoParameter)) return undefined;
  if (value.what === 'AccountId') return 'sts get-caller-identity --query Account';
  return undefined;
}

function renderFunctions({ resource, commands }: Planned, inputs: Map<string, string>): string {
  const { id } = resource;
  const { find, values, make, ready = [], configure = [], update, remove } = commands;
  const files: string[] = [];
  const render = (steps: readonly CallStep[], suffix: string): string[] =>
    steps.map((step, i) => {
      if (!('operation' in step)) return renderWordStep(step);
      const file = `${id}${suffix}${i === 0 ? '' : i + 1}`;
      inputs.set(file, renderInput(step.input));
      files.push(file);
      const run = `call ${file} ${step.operation}`;
      if (step.answer !== undefined) return `id_answer=$(${run} --query ${step.answer})`;
      return step.otherwise === undefined
        ? `${run} >/dev/null`
        : `${run} >/dev/null 2>&1 || call ${file} ${step.otherwise} >/dev/null`;
    });
  const made = render(make, '');
  const configured = render(configure, '-set');
  const compared = [...files];
  const updated = update === undefined ? undefined : render(update, '-update');
  const waited = ready.map((step) =>
    renderWordStep(step as Exclude<CallStep, { operation: string }>),
  );
  return [
    `values_${id}='${values.map((name) => (name === '' ? id : `${id}_${name}`)).join(' ')}'`,
    `inputs_${id}='${compared.join(' ')}'`,
    body(`find_${id}`, [renderFind(find)]),
    body(`make_${id}`, made),
    body(`ready_${id}`, waited),
    body(`configure_${id}`, configured),
    body(`change_${id}`, [
      ...(updated === undefined
        ? tellChange(id)
        : ['say "  is there, and is changed"', ...updated]),
      `ready_${id}`,
      `configure_${id}`,
    ]),
    body(
      `remove_${id}`,
      remove.map((step) =>
        renderWordStep(step as Exclude<CallStep, { operation: string }>, 'drop'),
      ),
    ),
    '',
  ].join('\n');
}

/** A resource without a call that changes it is left as it is. */
function tellChange(id: string): string[] {
  return [
    `if [ -z "\${id_sum_${id}:-}" ]; then`,
    '  say "  is there: $values"',
    'else',
    '  say "  is there and was made of another input; only what a call can change is changed"',
    'fi',
  ];
}

function renderFind({ words, query }: FindCall): string {
  return `found ${words.map(renderWord).join(' ')} --query ${renderWord(query)}`;
}

function renderWordStep(step: Exclude<CallStep, { operation: string }>, by = 'aws'): string {
  const words = step.words.map(renderWord).join(' ');
  if ('until' in step) return `until_is ${step.until} ${words} --query ${renderWord(step.query)}`;
  return by === 'aws' ? `aws ${words} >/dev/null` : `${by} ${words}`;
}

function body(name: string, lines: readonly string[]): string {
  const [only] = lines;
  if (only === undefined) return `${name}() { :; }`;
  return lines.length === 1
    ? `${name}() { ${only}; }`
    : `${name}() {\n${lines.map((line) => `  ${line}`).join('\n')}\n}`;
}
