import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { readWords } from '../completion/words.ts';
import { createGenerateCommand } from '../generate.ts';

const MODEL = `name: metrics
region: eu-west-1
image: amperage:1
network: { vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d] }
`;
const FORMS = [
  ['terraform', 'main.tf'],
  ['commands', 'create.sh'],
  ['task-definitions', 'metrics-collector.json'],
] as const;

for (const [form, file] of FORMS)
  test(`generate ${form}: files go into a new folder; one that is there stays without --force`, async (context) => {
    const folder = temporaryFolder(context);
    const model = path.join(folder, 'deployment.yml');
    writeFileSync(model, MODEL);
    const output = path.join(folder, 'new');
    const run = async (...more: string[]): Promise<string> => {
      let said = '';
      const command = createGenerateCommand((text) => void (said += text));
      const words = [form, model, '--output', output, ...more];
      if (form === 'task-definitions') words.push('--account', '123456789012');
      await command.parseAsync(words, { from: 'user' });
      return said;
    };
    const full = path.join(output, file);
    assert.ok((await run()).split('\n').includes(full));
    const text = readFileSync(full, 'utf8');
    if (form === 'commands') assert.equal(statSync(full).mode & 0o111, 0o111);
    writeFileSync(full, 'mine');
    await assert.rejects(run(), /is there.*nothing was written: .*--force/);
    assert.equal(readFileSync(full, 'utf8'), 'mine');
    await run('--force');
    assert.equal(readFileSync(full, 'utf8'), text);
  });

test('nothing is written where one of several is there', async (context) => {
  const folder = temporaryFolder(context);
  const model = path.join(folder, 'deployment.yml');
  writeFileSync(model, MODEL);
  writeFileSync(path.join(folder, 'destroy.sh'), 'mine');
  const command = createGenerateCommand(() => undefined);
  const words = ['commands', model, '--output', folder];
  await assert.rejects(
    command.parseAsync(words, { from: 'user' }),
    /destroy\.sh is there; nothing/,
  );
  assert.ok(!existsSync(path.join(folder, 'create.sh')));
});

test('a shell completes the model as a file and --output as a folder', () => {
  const words = readWords(createGenerateCommand(() => undefined)).filter(({ flags }) =>
    flags.some(({ long }) => long === '--output'),
  );
  assert.ok(words.length >= FORMS.length);
  for (const { argument, flags } of words) {
    // Dashboards are made of no model.
    assert.ok(argument.kind === 'file' || argument.kind === 'none', argument.kind);
    assert.equal(flags.find(({ long }) => long === '--output')?.value.kind, 'folder');
  }
});
