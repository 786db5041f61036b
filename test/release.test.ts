/**
 * What is published: the package holds what a user needs and nothing else, refuses a Node that is
 * too old, has a manual page without faults, and a bill of materials of all that it brings.
 */
import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { temporaryFolder } from './kit/folder.ts';

const root = path.resolve(import.meta.dirname, '..');
const modules = path.join(root, 'node_modules');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly man: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly publishConfig: Readonly<Record<string, unknown>>;
}

const manifest = readJson(path.join(root, 'package.json')) as Manifest;

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function run(command: string, given: readonly string[], cwd = root): string {
  const { status, stdout, stderr, error } = spawnSync(command, given, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, `${command} ${given.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

const folder = temporaryFolder({ after });
let packed: readonly string[] = [];

/** The package is built and packed apart from the checkout, whose dist/ may be older. */
before(() => {
  const made = path.join(folder, 'made');
  for (const name of [
    'package.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'docs',
    'man',
    'schema',
    'alerts',
    'dashboards',
    'build/page',
    'test',
    'scripts',
  ])
    cpSync(path.join(root, name), path.join(made, name), { recursive: true });
  run(process.execPath, [path.join(root, 'scripts/bundle.mjs'), path.join(made, 'dist')]);
  const [told] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts'], made)) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  packed = told.files.map((file) => file.path);
  run('tar', ['-xzf', path.join(made, told.filename), '-C', folder]);
  symlinkSync(modules, path.join(folder, 'package', 'node_modules'));
});

const inPackage = (file: string): string => path.join(folder, 'package', file);

test('the package holds the program, its documents, schemas and page, and nothing else', () => {
  for (const file of [
    'package.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'dist/main.js',
    'dist/run.js',
    'dist/LICENSES.txt',
    // Started by their file, which code finds beside its own.
    'dist/container-view.js',
    'dist/json-thread.js',
    'dist/password-thread.js',
    'dist/redact-thread.js',
    'dist/socket-thread.js',
    'docs/README.md',
    'docs/errors.md',
    'docs/metrics.md',
    'docs/tutorial/README.md',
    'man/amperage.1',
    'schema/prometheus.schema.json',
    'schema/collector.schema.json',
    'schema/deployment.schema.json',
    'build/page/index.html',
    'alerts/amperage.yml',
    'dashboards/collector.json',
  ])
    // prettier-ignore
    assert.ok(packed.includes(file), `${file} is not in the package`);
  const allowed =
    /^(package\.json|[A-Z]+(\.md)?|dist\/([\w-]+\.js|LICENSES\.txt)|(docs|man|schema|alerts|dashboards|build\/page)\/.*)$/;
  assert.deepEqual(
    packed.filter((file) => !allowed.test(file) || /\.test\.|\.map$|\.tsx?$/.test(file)),
    [],
  );
});

test('no file of the package names a folder of the machine that built it', () => {
  const naming = packed.filter((file) => readFileSync(inPackage(file), 'utf8').includes(root));
  assert.deepEqual(naming, []);
});

test('each link of a page of the package leads to a page of the package, or is told apart', () => {
  const broken = packed
    .filter((file) => file.startsWith('docs/') && file.endsWith('.md'))
    .flatMap((file) =>
      [...readFileSync(inPackage(file), 'utf8').matchAll(/\]\((?!\w+:)([^)#\s]+)/g)]
        .map(([, target = '']) => path.posix.join(path.posix.dirname(file), target))
        .filter((target) => !existsSync(inPackage(target)))
        // What is for those who work on it is in the repository alone.
        .filter(
          (target) => !/^(examples|bench|test|ARCHITECTURE\.md|CONTRIBUTING\.md)/.test(target),
        )
        .map((target) => `${file} links to ${target}`),
    );
  assert.deepEqual(broken, []);
});

test('what package.json points to is there, and the program is executable where it is installed', () => {
  const targets = [
    ...Object.values(manifest.bin),
    manifest.man,
    ...Object.values(manifest.exports),
  ];
  for (const target of targets.filter((one) => !one.includes('*')))
    assert.ok(statSync(inPackage(target)).isFile(), target);
  assert.ok(existsSync(inPackage('schema')));
  const program = readFileSync(inPackage(manifest.bin['amperage'] ?? ''), 'utf8');
  assert.ok(program.startsWith('#!/usr/bin/env node\n'));
  assert.match(manifest.engines.node, /^>=\d+\.\d+\.\d+$/);
  assert.equal(manifest.publishConfig['provenance'], true);
});

test('the package runs', () => {
  const told = run(process.execPath, [inPackage('dist/main.js'), '--version']);
  assert.match(told, new RegExp(`^${manifest.version.replaceAll('.', '\\.')} \\(commit `));
});

test('files of the package that are no code are found from the bundle', () => {
  for (const given of [['alerts'], ['dashboards']])
    assert.notEqual(run(process.execPath, [inPackage('dist/main.js'), 'generate', ...given]), '');
});

test('the licence of each bundled package is told, with its version', () => {
  const told = readFileSync(inPackage('dist/LICENSES.txt'), 'utf8');
  const dependencies = Object.entries(manifest.dependencies);
  for (const [name, version] of dependencies.filter(([one]) => !/^@|bcryptjs/.test(one)))
    assert.match(told, new RegExp(`^${name} ${version.replaceAll('.', '\\.')}$`, 'm'));
});

test('the executable imports nothing before it has judged the version of Node', () => {
  const imported = readFileSync(inPackage('dist/main.js'), 'utf8').matchAll(
    /^import .* from (.*);/gm,
  );
  assert.deepEqual(
    [...imported].map(([, from]) => from),
    ['"node:fs"'],
  );
});

/** A Node of this machine that is older than the package allows. */
function findOldNode(): string | undefined {
  const needed = manifest.engines.node.slice(2);
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .concat('/usr/bin', '/usr/local/bin')
    .map((place) => path.join(place, 'node'))
    .filter((file) => existsSync(file))
    .find((file) => {
      const told = spawnSync(file, ['--version'], { encoding: 'utf8' });
      return told.stdout.slice(1).trim().localeCompare(needed, 'en', { numeric: true }) < 0;
    });
}

test('a Node that is too old is told so, with status 2, whatever the command', (t) => {
  const old = findOldNode();
  if (old === undefined) {
    t.skip('no Node below the lowest that package.json allows is in PATH');
    return;
  }
  for (const given of [['workspace'], ['--version'], []]) {
    const told: SpawnSyncReturns<string> = spawnSync(old, [inPackage('dist/main.js'), ...given], {
      encoding: 'utf8',
    });
    assert.match(
      told.stderr,
      /^amperage: needs Node ≥ 22\.19\.0, this is \S+ \(.*\[NODE_VERSION\]\n$/,
    );
    assert.equal(told.status, 2);
  }
});

test('the manual page has every command, and groff has nothing to say of it', (t) => {
  const page = readFileSync(path.join(root, 'man/amperage.1'), 'utf8');
  assert.match(page, /^\.SS "amperage collect/m);
  assert.ok(page.includes('.B \\-\\-config.file'));
  if (spawnSync('groff', ['--version']).status !== 0) {
    t.skip('groff is not installed');
    return;
  }
  const told = spawnSync('groff', ['-man', '-ww', '-Tutf8', path.join(root, 'man/amperage.1')], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  assert.deepEqual([told.status, told.stderr], [0, '']);
  assert.match(told.stdout, /amperage\s+explain\s+CODE/);
});

interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: { readonly name: string; readonly type: string } };
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
    readonly licenses?: readonly unknown[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly dev?: boolean; readonly integrity: string }>
  >;
}

test('the bill of materials has each package that an installation brings, once', () => {
  const bill = JSON.parse(run(process.execPath, ['scripts/release/sbom.mjs'])) as Bill;
  assert.equal(bill.bomFormat, 'CycloneDX');
  assert.match(bill.specVersion, /^1\.\d$/);
  assert.deepEqual(
    { name: bill.metadata.component.name, type: bill.metadata.component.type },
    { name: 'amperage', type: 'application' },
  );
  const { packages } = readJson(path.join(root, 'package-lock.json')) as Lock;
  const needed = Object.entries(packages)
    .filter(([place, { dev }]) => place !== '' && dev !== true)
    .map(([place, { version }]) => `${place.split('node_modules/').at(-1)}@${version}`);
  const listed = bill.components.map(({ name, version }) => `${name}@${version}`);
  assert.deepEqual(listed.toSorted(), [...new Set(needed)].toSorted());
  const own = bill.dependencies.find(({ ref }) => ref === `amperage@${manifest.version}`);
  assert.equal(own?.dependsOn.length, Object.keys(manifest.dependencies).length);
  for (const { name, purl, hashes = [], licenses = [] } of bill.components) {
    assert.match(purl, /^pkg:npm\//, name);
    assert.ok(
      hashes.some(({ alg, content }) => alg === 'SHA-512' && /^[\da-f]{128}$/.test(content)),
    );
    assert.ok(licenses.length > 0, `${name} has no licence`);
  }
});
