/** The scripts for the AWS CLI: run with a fake one, and their inputs judged by its own models. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { renderCommands, type ScriptFiles } from '../../src/deploy/commands/render.ts';
import { renderTaskDefinitions } from '../../src/deploy/commands/task-definitions.ts';
import { describeDeployment } from '../../src/deploy/describe.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import type { DeploymentTemplate } from '../../src/deploy/template.ts';
import { describeAllTypes } from './all-types.ts';
import { startFakeAws } from './fake-aws.ts';

const SMALLEST = {
  name: 'metrics',
  region: 'eu-west-1',
  image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/amperage:0.1.0',
  network: { vpc: 'vpc-0a1b2c3d', subnets: ['subnet-0a1b2c3d'] },
};
const CLOUD_MAP = {
  network: { create: true },
  workspace: { rules: 'rules.yml', query_logging: true },
  services: [{ name: 'webapp', image: 'webapp:1', port: 3_000 }],
};
const TEMPLATES: Readonly<Record<string, DeploymentTemplate>> = {
  'the smallest model': describeModel({}),
  'a network of its own, and Cloud Map': describeModel(CLOUD_MAP),
  'managed instances, and Cloud Map': describeModel({
    ...CLOUD_MAP,
    workspace: {},
    collector: { launch: 'managed' },
  }),
  'a machine outside of AWS': describeModel({
    network: {},
    cluster: { name: 'machines', create: false },
    collector: { launch: 'external', configuration: 'prometheus.yml' },
  }),
  'all other types of resources': describeAllTypes(),
};

function describeModel(more: object): DeploymentTemplate {
  const deployment = deploymentSchema.parse({ ...SMALLEST, ...more });
  return describeDeployment(deployment, (file) => `text of ${file}`);
}

/** Writes the scripts, runs them with the fake. */
function openFolder(template: DeploymentTemplate) {
  const folder = mkdtempSync(path.join(tmpdir(), 'commands-'));
  const aws = startFakeAws(path.join(folder, 'bin'), template);
  const write = (files: ScriptFiles): void => {
    for (const [name, text] of files) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      if (name.endsWith('.sh')) {
        execFileSync('sh', ['-n', file]);
        chmodSync(file, 0o755);
      }
    }
  };
  const start = (name: string, more: Readonly<Record<string, string>> = {}) =>
    spawnSync(path.join(folder, name), {
      encoding: 'utf8',
      env: { PATH: `${aws.folder}:${process.env['PATH']}`, PAUSE: '0', TRIES: '5', ...more },
    });
  const run = (name: string): string => {
    const { status, stdout, stderr } = start(name);
    assert.equal(status, 0, `${stdout}${stderr}`);
    return stdout;
  };
  write(renderCommands(template));
  return {
    folder,
    aws,
    write,
    run,
    start,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

const isReading = (call: string): boolean =>
  / (describe-|list-|get-|wait )/.test(call) && !call.includes('<');

for (const [name, template] of Object.entries(TEMPLATES))
  test(`${name}: made once, used again, and taken away`, () => {
    using scripts = openFolder(template);
    const { aws, run } = scripts;
    const ids = template.resources.map(({ id }) => id);
    run('create.sh');
    assert.deepEqual(aws.listThere(), ids.toSorted());
    aws.takeCalls();
    assert.doesNotMatch(run('create.sh'), /made/);
    assert.deepEqual(
      aws.takeCalls().filter((call) => !isReading(call)),
      [],
    );
    // A second shell that has no state finds all of it by the calls that find.
    rmSync(path.join(scripts.folder, 'state'));
    const kept = template.resources.filter(({ isKept }) => isKept === true).map(({ id }) => id);
    const said = run('destroy.sh');
    assert.deepEqual(aws.listThere(), kept);
    assert.match(said, kept.length > 0 ? /had again: Workspace\n$/ : /nothing is left\n$/);
    aws.takeCalls();
    run('destroy.sh');
    assert.deepEqual(
      aws.takeCalls().filter((call) => !isReading(call)),
      [],
    );
  });

test('a run that ends after any call that changes is gone on with by the next', () => {
  const all = describeAllTypes();
  const several = /IAM|EC2::SecurityGroup|EFS::FileSystem|ServiceDiscovery/;
  const template = { ...all, resources: all.resources.filter(({ type }) => several.test(type)) };
  const changesOf = (calls: readonly string[]): Set<string> =>
    new Set(calls.filter((call) => !isReading(call)));
  let wanted = new Set<string>();
  {
    using scripts = openFolder(template);
    scripts.run('create.sh');
    wanted = changesOf(scripts.aws.takeCalls());
  }
  assert.ok(wanted.size > 7, `${wanted.size}`);
  for (let k = 1; k < wanted.size; k += 1) {
    using scripts = openFolder(template);
    const { aws, run, start, folder } = scripts;
    assert.notEqual(start('create.sh', { FAKE_CHANGES: `${k}` }).status, 0);
    const first = [...changesOf(aws.takeCalls())].slice(0, k);
    rmSync(path.join(folder, 'bin', 'changes'));
    run('create.sh');
    const done = new Set([...first, ...changesOf(aws.takeCalls())]);
    assert.deepEqual(
      [...wanted].filter((call) => !done.has(call)),
      [],
      `after ${k}`,
    );
    assert.deepEqual(aws.listThere(), template.resources.map(({ id }) => id).toSorted());
  }
});

test('a changed model is taken over by the calls that change', () => {
  using scripts = openFolder(describeModel({ collector: { count: 2 } }));
  scripts.run('create.sh');
  scripts.aws.takeCalls();
  scripts.write(renderCommands(describeModel({ collector: { stop_timeout: 90, count: 3 } })));
  scripts.run('create.sh');
  assert.deepEqual(
    scripts.aws.takeCalls().filter((call) => !isReading(call)),
    [
      ' ecs register-task-definition <CollectorTask-update>',
      ' ecs update-service <CollectorService-update>',
    ],
  );
});

test('task definitions alone name what create.sh makes', () => {
  const { files, open } = renderTaskDefinitions(describeModel(CLOUD_MAP), '123456789012');
  assert.deepEqual([...files.keys()], ['metrics-collector.json', 'metrics-webapp.json']);
  assert.deepEqual(open, []);
  const text = files.get('metrics-collector.json') ?? '';
  assert.match(text, /"taskRoleArn": "arn:aws:iam::123456789012:role\/metrics-CollectorRole"/);
  assert.match(text, /"awslogs-group": "\/ecs\/metrics"/);
});

test('a property without a call is a fault', () => {
  const [first] = describeModel({}).resources;
  const resource = { ...first!, properties: { ...first!.properties, Foo: 'bar' } };
  assert.throws(
    () => renderCommands({ name: 'a', region: 'eu-west-1', resources: [resource], outputs: [] }),
    /no call of the AWS CLI for Foo of AWS::/,
  );
});

/** Judges inputs by the models that the AWS CLI has; prints a line for each fault. */
const JUDGE = `
import json, sys
from botocore.session import Session
from botocore.validate import ParamValidator
from botocore import xform_name
session, names = Session(), {}
for service, operation, text in json.load(sys.stdin):
    model = session.get_service_model(service)
    found = {xform_name(n, '-'): n for n in model.operation_names}
    if operation not in found:
        print(service, operation, 'is unknown'); continue
    if text is None: continue
    shape = model.operation_model(found[operation]).input_shape
    report = ParamValidator().validate(json.loads(text), shape)
    if report.has_errors(): print(service, operation, report.generate_report())
    unknown = set(json.loads(text)) - set(shape.members)
    if unknown: print(service, operation, 'has no', unknown)
print('judged')
`;
const lacksBotocore = spawnSync('python3', ['-c', 'import botocore']).status !== 0;

test(
  'the inputs are what the models of the AWS CLI take',
  { skip: lacksBotocore ? 'Python has no botocore' : false },
  () => {
    const judged: (readonly [string, string, string | null])[] = [];
    for (const template of Object.values(TEMPLATES)) {
      const files = renderCommands(template);
      const script = files.get('resources.sh') ?? '';
      for (const [, file, service, operation] of script.matchAll(
        /\bcall (\S+) ([a-z]+) ([a-z-]+)/g,
      )) {
        const text = files.get(`input/${file!}.json`);
        if (text !== undefined) judged.push([service!, operation!, text]);
      }
      for (const [, service, operation] of script.matchAll(
        /\b(?:found|drop|aws) ([a-z0-9]+) ([a-z-]+)/g,
      ))
        if (operation !== 'wait') judged.push([service!, operation!, null]);
    }
    assert.ok(judged.length > 150, `${judged.length}`);
    const said = execFileSync('python3', ['-c', JUDGE], {
      input: JSON.stringify(judged),
      encoding: 'utf8',
    });
    assert.equal(said, 'judged\n');
  },
);
