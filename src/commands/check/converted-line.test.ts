/** `check convert --from`: what it reads, what it prints, and what its status says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { loadProgram, normalizeArguments } from '../program.ts';
import { createCheckConvertCommand } from './convert.ts';

interface Converted {
  readonly script: string;
  readonly fault: string | undefined;
}

async function convertBy(from: string, given: readonly string[]): Promise<Converted> {
  let script = '';
  const command = createCheckConvertCommand({
    write: (text) => void (script += text),
    render: () => assert.fail(),
    parsers: {
      load: async (name) => {
        const found = (await loadProgram()).commands.find((one) => one.name() === name);
        return found ?? assert.fail(name);
      },
      normalize: normalizeArguments,
    },
  });
  const fault = await command
    .parseAsync(['--from', from, '--', ...given], { from: 'user' })
    .then(() => undefined, String);
  return { script, fault };
}

const URL_FLAG = '-remoteWrite.url=http://a/w,http://b/w';

test('the script writes what flags meant, and calls the command', async (context) => {
  const folder = temporaryFolder(context);
  const { script, fault } = await convertBy('vmagent', [
    'TOKEN=hush',
    'VM_remoteWrite_label=env=prod',
    'GOGC=50',
    'vmagent',
    '-envflag.enable',
    '-envflag.prefix=VM_',
    '-promscrape.config=/etc/the scrape.yml',
    URL_FLAG,
    '-remoteWrite.bearerToken=%{TOKEN}',
    '-httpListenAddr=:8429',
    '-remoteWrite.queues=4',
  ]);
  assert.equal(fault, undefined);
  assert.match(script, /^# - -remoteWrite\.queues has no effect: a queue keeps/m);
  assert.match(script, /^# - GOGC has no effect: /m);
  // A shell runs the script; the command is one that tells its words.
  writeFileSync(
    join(folder, 'amperage'),
    '#!/bin/sh\necho "TOKEN=$TOKEN VM=$VM_remoteWrite_label"\nprintf "%s\\n" "$@"\n',
    { mode: 0o755 },
  );
  const ran = spawnSync('bash', ['-ec', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${folder}:/usr/bin:/bin` },
  });
  assert.equal(
    ran.stdout,
    'TOKEN=hush VM=\ncollect\n--config.file=/etc/the scrape.yml\n--web.listen-address=:8429\n' +
      '--config=flags.yml\n',
    ran.stderr,
  );
  assert.deepEqual(parse(readFileSync(join(folder, 'flags.yml'), 'utf8')), {
    global: { external_labels: { env: 'prod' } },
    remote_write: ['http://a/w', 'http://b/w'].map((url) => ({
      url,
      authorization: { credentials: '${env:TOKEN}' },
    })),
  });
});

test('each flag without a counterpart is a loss by its name, and no value is shown', async () => {
  const { script, fault } = await convertBy('vmagent', [
    URL_FLAG,
    '-remoteWrite.shardByURL',
    '-storage.tsdb.path=x',
    '-unknown=hush',
    '-other',
    'hush',
  ]);
  assert.match(fault ?? '', /^ConfigError: 4 things are lost/);
  assert.match(script, /^# - -remoteWrite\.shardByURL: each sink gets all: /m);
  assert.match(script, /^# - --storage\.tsdb\.path is no flag of vmagent: leave it out$/m);
  assert.match(script, /^# - --unknown is no flag of vmagent/m);
  assert.doesNotMatch(script, /hush/);
});

test('an entry that is refused is a loss with its line', async () => {
  const { script, fault } = await convertBy('vmagent', [
    '-remoteWrite.url=http://a/w',
    '-remoteWrite.bearerToken=a',
    '-remoteWrite.basicAuth.username=b',
  ]);
  assert.match(fault ?? '', /1 thing is lost/);
  assert.match(script, /^# - flags\.yml:\d+:\d+: only one of "basic_auth" and "authorization"/m);
});

test('files of rules are written as rules of each URL, and their faults are told', async (context) => {
  const folder = temporaryFolder(context);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const common = file(
    'common.yml',
    `- { action: drop_metrics, regex: [go_.*, 'process_.*'] }
- { action: keep_if_equal, source_labels: [a, b] }
- { if: '{a="b"}', action: drop }
- { action: graphite }
`,
  );
  const second = file('second.yml', '- { target_label: dc, replacement: $1-x }\n');
  const { script, fault } = await convertBy('vmagent', [
    URL_FLAG,
    '-remoteWrite.label=env=prod',
    `-remoteWrite.relabelConfig=${common}`,
    `-remoteWrite.urlRelabelConfig=,${second}`,
  ]);
  assert.match(fault ?? '', /2 things are lost/);
  assert.match(script, /common\.yml: rule 3: "if" has no counterpart/);
  assert.match(script, /common\.yml: rule 4: the action graphite has no counterpart/);
  assert.match(script, /^# - rules see the labels of -remoteWrite\.label; vmagent adds/m);
  const body = script.slice(script.indexOf("<<'END'\n") + 8, script.indexOf('\nEND\n'));
  const shared = [
    { action: 'drop', source_labels: ['__name__'], regex: 'go_.*|process_.*' },
    { action: 'keepequal', source_labels: ['a'], target_label: 'b' },
  ];
  const { remote_write: entries } = parse(body) as { remote_write: object[] };
  assert.deepEqual(entries, [
    { url: 'http://a/w', write_relabel_configs: shared },
    {
      url: 'http://b/w',
      write_relabel_configs: [...shared, { target_label: 'dc', replacement: '$1-x' }],
    },
  ]);

  const absent = await convertBy('vmagent', [URL_FLAG, '-remoteWrite.relabelConfig=/no/such']);
  assert.match(absent.script, /\/no\/such can't be read .*: give a file that is here/);
  const alone = await convertBy('vmagent', [`-remoteWrite.relabelConfig=${common}`]);
  assert.match(alone.script, /-remoteWrite\.relabelConfig needs -remoteWrite\.url/);
});

test('a container of a task definition is a command line, too', async (context) => {
  const file = join(temporaryFolder(context), 'task.json');
  const container = {
    command: ['-config.cluster=prod', '-config.write-to=/o/a.yml'],
    environment: [{ name: 'AWS_REGION', value: 'us-east-1' }],
  };
  writeFileSync(file, JSON.stringify({ containerDefinitions: [container] }));
  const { script, fault } = await convertBy('prometheus-ecs-discovery', [file]);
  assert.equal(fault, undefined);
  const line =
    'AWS_REGION=us-east-1 amperage discover --config.cluster=prod --config.write-to=/o/a.yml';
  assert.match(script, new RegExp(`^${line}$`, 'm'));
  const faultOf = async (text: string): Promise<string | undefined> => {
    writeFileSync(file, text);
    return (await convertBy('vmagent', [file])).fault;
  };
  assert.match(
    (await faultOf('{"containerDefinitions": [{}, {}]}')) ?? '',
    /has several containers/,
  );
  assert.match((await faultOf('{"command": "a b"}')) ?? '', /"command" is a list of texts/);
  assert.match((await faultOf('{"a": hush}')) ?? '', /not valid JSON/);
  assert.match((await faultOf(`"${'x'.repeat(1_048_576)}"`)) ?? '', /more than 1048576 bytes/);
});
