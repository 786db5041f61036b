/** The scripts for the AWS CLI against moto, which finds resources by rules that are not ours. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { renderCommands } from '../../src/deploy/commands/render.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { findPython, startMotoAws } from './moto-aws.ts';
import { describeModel, WEBAPP } from './models.ts';

const python = findPython();
const skip = python === undefined ? 'Python has no moto' : false;

const DEPLOYMENTS: Readonly<Record<string, object>> = {
  'two NAT gateways, and a service of Cloud Map': {
    network: { create: true },
    services: [WEBAPP],
  },
};

for (const [name, more] of Object.entries(DEPLOYMENTS))
  test(`${name}: each is found as itself, made once, and taken away`, { skip }, async (context) => {
    const folder = temporaryFolder(context);
    const bin = path.join(folder, 'bin');
    const end = await startMotoAws(bin, python ?? '');
    context.after(end);
    const template = describeModel(more);
    for (const [file, text] of renderCommands(template)) {
      const full = path.join(folder, file);
      mkdirSync(path.dirname(full), { recursive: true });
      writeFileSync(full, text);
      if (file.endsWith('.sh')) chmodSync(full, 0o755);
    }
    const env = { PATH: `${bin}:${process.env['PATH']}`, PAUSE: '0', TRIES: '5' };
    const run = (command: string, ...words: string[]): string => {
      const { status, stdout, stderr } = spawnSync(command, words, {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
      assert.equal(status, 0, `${stdout}${stderr}`);
      return stdout;
    };
    const takeChanges = (): string[] => {
      const calls = readFileSync(path.join(bin, 'calls'), 'utf8').split('\n');
      writeFileSync(path.join(bin, 'calls'), '');
      return calls.filter((call) => /^\S+ (?!describe-|list-|get-|wait )/.test(call));
    };
    run('./create.sh');
    takeChanges();
    const state = readFileSync(path.join(folder, 'state'), 'utf8');
    const idsOf = (type: string): string[] =>
      template.resources
        .filter((one) => one.type === `AWS::${type}`)
        .map(({ id }) => new RegExp(`^id_${id}='(.*)'$`, 'm').exec(state)?.[1] ?? `no ${id}`);
    for (const type of new Set(template.resources.map((one) => one.type.slice('AWS::'.length))))
      // A route is its destination, an attachment what is attached.
      if (!type.endsWith('Route'))
        assert.equal(new Set(idsOf(type)).size, idsOf(type).length, type);
    run('./create.sh');
    assert.deepEqual(takeChanges(), []);
    // A shell without the state finds them again, and makes no second one.
    rmSync(path.join(folder, 'state'));
    run('./create.sh');
    assert.deepEqual(
      takeChanges().filter((call) => / (?:create|allocate|run)-/.test(call)),
      [],
    );
    rmSync(path.join(folder, 'state'));
    const said = run('./destroy.sh');
    const kept = template.resources.filter(({ isKept }) => isKept === true).map(({ id }) => id);
    for (const id of kept) assert.match(said, new RegExp(`^${id}: kept`, 'm'));
    takeChanges();
    run('./destroy.sh');
    assert.deepEqual(takeChanges(), []);
  });
