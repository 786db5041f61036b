/**
 * An `aws` for the scripts of a deployment: a program of the shell that knows the calls that the
 * table of kinds has for a template, keeps what was made, and records what it was called with. It
 * refuses every other call.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { asText, type CallStep, type Word } from '../../src/deploy/commands/calls.ts';
import { findCommands } from '../../src/deploy/commands/kinds.ts';
import { variableOf } from '../../src/deploy/commands/words.ts';
import { type DeploymentTemplate, Joined } from '../../src/deploy/template.ts';

const FAKE = String.raw`#!/bin/sh
here=$(dirname -- "$0")
[ "$1" != --version ] || { echo aws-cli/2.0.0; exit 0; }
file=''
said=''
for word; do
  case $word in file://*) file=$(basename "$word" .json) ;; esac
  case $word in
    --output | text | --cli-input-json | file://* | --cli-binary-format | raw-in-base64-out) ;;
    *) said="$said $word" ;;
  esac
done
[ -z "$file" ] || said="$said <$file>"
printf '%s\n' "$said" >>"$here/calls"
line=$(awk -F '\t' -v said="$said" '$1 == "" said { print; exit }' "$here/table")
tab=$(printf '\t')
IFS=$tab read -r _ act id answer <<END
$line
END
case $act in
  make | set)
    # After so many calls that change, each fails: as if the script had been killed there.
    changes=$(cat "$here/changes" 2>/dev/null || echo 0)
    changes=$((changes + 1))
    echo "$changes" >"$here/changes"
    [ "$changes" -le "${'${FAKE_CHANGES:-1000}'}" ] || exit 137
    ;;
esac
case $act in
  find) if [ -e "$here/there/$id" ]; then printf '%s\n' "$answer" | tr ' ' '\t'; else echo None; fi ;;
  make) [ ! -e "$here/there/$id" ] || { echo "$id is there" >&2; exit 254; }; : >"$here/there/$id"; echo "$answer" ;;
  set) [ -e "$here/there/$id" ] || { echo "$id is not there" >&2; exit 254; }; echo "$answer" ;;
  remove) rm -f "$here/there/$id" ;;
  answer) echo "$answer" ;;
  *) echo "unknown call:$said" >&2; exit 252 ;;
esac
`;

export interface FakeAws {
  /** Stands before others in PATH. */
  readonly folder: string;
  /** Ids of the resources that are there, sorted. */
  listThere(): string[];
  /** The calls since the last look. */
  takeCalls(): string[];
}

export function startFakeAws(folder: string, template: DeploymentTemplate): FakeAws {
  mkdirSync(path.join(folder, 'there'), { recursive: true });
  writeFileSync(path.join(folder, 'aws'), FAKE);
  chmodSync(path.join(folder, 'aws'), 0o755);
  writeFileSync(path.join(folder, 'table'), `${buildTable(template).join('\n')}\n`);
  const calls = path.join(folder, 'calls');
  return {
    folder,
    listThere: () => readdirSync(path.join(folder, 'there')).sort(),
    takeCalls: () => {
      const text = existsSync(calls) ? readFileSync(calls, 'utf8') : '';
      writeFileSync(calls, '');
      return text.split('\n').filter((line) => line !== '');
    },
  };
}

/** Each value that AWS makes is `is-` and its name in the scripts. */
function say(word: Word): string {
  if (word instanceof Joined) return word.parts.map(say).join('');
  const variable = variableOf(word);
  if (variable === undefined) return asText(word);
  return KNOWN[variable] ?? `is-${variable}`;
}

/** What scripts know without a call. */
const KNOWN: Readonly<Record<string, string>> = { aws_Region: 'eu-west-1', aws_Partition: 'aws' };

function buildTable(template: DeploymentTemplate): string[] {
  const lines: string[] = [];
  for (const resource of template.resources) {
    const { id } = resource;
    const commands = findCommands(resource, template.name);
    const { find, values, make, ready = [], configure = [], update = [], remove } = commands;
    const add = (said: readonly string[], act: string, answer = ''): void => {
      lines.push(` ${said.join(' ')}\t${act}\t${id}\t${answer}`);
    };
    const found = values.map((name) => `is-${name === '' ? id : `${id}_${name}`}`);
    add([...find.words.map(say), '--query', say(find.query)], 'find', found.join(' '));
    const addSteps = (steps: readonly CallStep[], suffix: string, act: string): void => {
      for (const [i, step] of steps.entries()) {
        const number = i === 0 ? '' : `${i + 1}`;
        if ('until' in step)
          add([...step.words.map(say), '--query', say(step.query)], 'answer', step.until);
        else if ('words' in step)
          add(step.words.map(say), step.words[1] === 'wait' ? 'answer' : act);
        else {
          const query = step.answer === undefined ? [] : ['--query', step.answer];
          const file = `<${id}${suffix}${number}>`;
          add(
            [step.operation, ...query, file],
            i === 0 ? act : 'set',
            query.length > 0 ? 'is-answer' : '',
          );
        }
      }
    };
    addSteps(make.slice(0, 1), '', 'make');
    for (const [i, step] of make.slice(1).entries()) addSteps([step], `${i + 2}`, 'set');
    addSteps(ready, '-ready', 'set');
    addSteps(configure, '-set', 'set');
    addSteps(update, '-update', 'set');
    // The last call that is no wait takes it away; those before it loosen what hangs on it.
    const last = remove.findLastIndex((step) => 'words' in step && step.words[1] !== 'wait');
    for (const [i, step] of remove.entries()) addSteps([step], '', i === last ? 'remove' : 'set');
  }
  return [...lines, ...ACCOUNT];
}

const ZONES =
  ' ec2 describe-availability-zones --filters Name=zone-type,Values=availability-zone' +
  ' --query sort(AvailabilityZones[].ZoneName)';
const ACCOUNT = [
  ' sts get-caller-identity --query Account\tanswer\t-\tis-aws_AccountId',
  `${ZONES}[0]\tanswer\t-\tis-aws_Zone0`,
  `${ZONES}[1]\tanswer\t-\tis-aws_Zone1`,
];
