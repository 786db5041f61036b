/**
 * Checks what the repository tells its forge and its users: workflows pin what they run and have
 * few permissions, forms parse, the lock file is whole, and no description promises what does not
 * exist.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'timeout-minutes'?: number;
        readonly strategy?: { readonly matrix: { readonly node: readonly string[] } };
      }
    >
  >;
}

test('every workflow pins its actions by commit, may only read, and has a time limit', () => {
  const files = globSync('.github/workflows/*.yml', { cwd: root });
  assert.ok(files.length > 0);
  for (const file of files) {
    const text = read(file);
    const { permissions, jobs } = parse(text) as Workflow;
    assert.deepEqual(permissions, { contents: 'read' }, file);
    for (const [name, job] of Object.entries(jobs))
      assert.ok((job['timeout-minutes'] ?? 0) > 0, `${file}: ${name} has no end`);
    for (const [line] of text.matchAll(/uses:.*/g))
      assert.match(line, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, file);
  }
});

test('a workflow runs the package on the lowest Node that package.json allows', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const { jobs } = parse(read('.github/workflows/ci.yml')) as Workflow;
  const [lowest] = jobs['package']?.strategy?.matrix.node ?? [];
  assert.equal(`>=${lowest}`, engines.node);
});

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The folders from which a package is found by those inside another, the nearest first. */
function placesOf(name: string, from: string): string[] {
  const folders = from
    .split('/node_modules/')
    .map((_, i, all) => all.slice(0, i + 1).join('/node_modules/'));
  return [...folders.toReversed(), ''].map((folder) =>
    path.posix.join(folder, 'node_modules', name),
  );
}

test('package-lock.json has what package.json names, and all that this needs', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Manifest;
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Readonly<Record<string, Manifest>>;
  };
  const root = packages[''];
  assert.deepEqual(root?.dependencies, dependencies);
  assert.deepEqual(root?.devDependencies, devDependencies);
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    assert.equal(packages[`node_modules/${name}`]?.version, version, name);
  for (const [from, needed] of Object.entries(packages))
    for (const name of Object.keys(needed.dependencies ?? {}))
      assert.ok(
        placesOf(name, from).some((place) => place in packages),
        `${name} of ${from}`,
      );
});

test('forms for issues parse, and ask for something', () => {
  for (const file of globSync('.github/ISSUE_TEMPLATE/*.yml', { cwd: root })) {
    const form = parse(read(file)) as { name?: string; body?: { type: string }[] };
    if (path.basename(file) === 'config.yml') continue;
    assert.ok(form.name !== undefined && (form.body?.length ?? 0) > 0, file);
  }
});

test('every link between documents leads to a file', () => {
  const files = globSync('{*.md,docs/**/*.md,examples/**/*.md,.github/**/*.md}', { cwd: root });
  assert.ok(files.length > 30);
  for (const file of files)
    for (const [, target = ''] of read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      const at = path.join(root, path.dirname(file), target);
      assert.ok(globSync(at).length > 0, `${file} links to ${target}, which is not there`);
    }
});
