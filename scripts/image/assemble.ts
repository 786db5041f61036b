/**
 * Assembles the file system of the image in a folder, for the Dockerfile: Node, the libraries of
 * Debian that it loads, certificate authorities, and the built package with the packages it runs
 * with. There is no shell in it and no package manager.
 *
 *   node scripts/image/assemble.ts FOLDER [amd64 | arm64]
 *
 * Needs Debian or a derivative with apt and dpkg. Lists and downloads of apt stay in a folder of
 * their own. For another architecture than that of the machine, Node comes from npm.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Architecture = 'amd64' | 'arm64';

/** Nobody's number in images without users; the Dockerfile and templates name it too. */
export const IMAGE_USER = 65_532;
const APPLICATION = 'usr/local/lib/amperage';

const repository = path.resolve(import.meta.dirname, '../..');
const MACHINE: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** Where the dynamic loader is, as each program says itself, and the folder that it looks in. */
const LOADERS = {
  amd64: { loader: 'lib64/ld-linux-x86-64.so.2', libraries: 'lib/x86_64-linux-gnu' },
  arm64: { loader: 'lib/ld-linux-aarch64.so.1', libraries: 'lib/aarch64-linux-gnu' },
} as const;
/** What Node and those below it load. Since 25 it needs libatomic, which small bases lack. */
const LIBRARIES = [
  'libatomic.so.1',
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libpthread.so.0',
  'libstdc++.so.6',
];
const PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1', 'ca-certificates'];

/** What packages carry for developers; licences stay. */
const LEFT_OUT =
  /\.d\.[cm]?ts$|\.map$|\.md$|(?:^|\/)(?:dist-es|dist-types|docs|test|tests|\.github|\.bin)$|(?:^|\/)src$|\.flow$/i;

/** @returns remarks on what is not as it should be, and does no harm */
export function assemble(root: string, architecture: Architecture = MACHINE): string[] {
  rmSync(root, { recursive: true, force: true });
  const remarks = assembleSystem(root, architecture);
  addApplication(path.join(root, APPLICATION));
  addCommands(root);
  addSystemFiles(root);
  return remarks;
}

/** Node and what it loads, which alone differ between architectures. */
export function assembleSystem(root: string, architecture: Architecture): string[] {
  const scratch = mkdtempSync(path.join(tmpdir(), 'amperage-image-'));
  try {
    addLibraries(root, architecture, scratch);
    return addNode(root, architecture, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function addLibraries(root: string, architecture: Architecture, scratch: string): void {
  const folder = path.join(scratch, 'debian');
  const state = path.join(scratch, 'apt');
  for (const below of ['lists/partial', 'cache/archives/partial', '../debian'])
    mkdirSync(path.join(state, below), { recursive: true });
  const options = [
    `Dir::State::lists=${state}/lists`,
    `Dir::Cache=${state}/cache`,
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    'APT::Sandbox::User=root',
    'Acquire::Retries=3',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  const apt = (...words: readonly string[]): void => {
    execFileSync('apt-get', [...options, '-qq', ...words], { cwd: folder, stdio: 'inherit' });
  };
  apt('update');
  apt('download', ...PACKAGES);
  const [gcc = ''] = globSync('libgcc-s1_*.deb', { cwd: folder });
  const depends = execFileSync('dpkg-deb', ['-f', gcc, 'Depends'], {
    cwd: folder,
    encoding: 'utf8',
  });
  // It has the licence of the libraries of GCC, which lead to it by links.
  const [base = ''] = /gcc-\d+-base/.exec(depends) ?? [];
  apt('download', base);
  const unpacked = path.join(scratch, 'unpacked');
  for (const file of readdirSync(folder))
    execFileSync('dpkg-deb', ['-x', file, unpacked], { cwd: folder });
  const { loader, libraries } = LOADERS[architecture];
  for (const name of LIBRARIES) install(findOne(unpacked, name), path.join(root, libraries, name));
  install(findOne(unpacked, path.basename(loader)), path.join(root, loader));
  for (const name of ['libc6', base, 'ca-certificates'])
    install(
      path.join(unpacked, 'usr/share/doc', name, 'copyright'),
      path.join(root, 'usr/share/doc', name, 'copyright'),
    );
  const authorities = globSync('usr/share/ca-certificates/**/*.crt', { cwd: unpacked }).sort();
  const bundle = authorities.map((file) => readFileSync(path.join(unpacked, file), 'utf8').trim());
  writeNew(path.join(root, 'etc/ssl/certs/ca-certificates.crt'), `${bundle.join('\n')}\n`);
}

/** The file behind a name, wherever this release of Debian has it. */
function findOne(folder: string, name: string): string {
  const [found] = globSync(`{usr/,}lib*/**/${name}`, { cwd: folder });
  if (found === undefined) throw new Error(`no package of Debian brought ${name}`);
  const inside = path.join(folder, found);
  try {
    return realpathSync(inside);
  } catch {
    // A link that is right only in the image's own root.
    return findOne(folder, `*/${name}`);
  }
}

function addNode(root: string, architecture: Architecture, scratch: string): string[] {
  const target = path.join(root, 'usr/local/bin/node');
  install(findNode(architecture, scratch), target);
  chmodSync(target, 0o755);
  try {
    execFileSync('strip', [target], { stdio: 'pipe' });
    return [];
  } catch {
    return [`node keeps its symbols: there is no strip for ${architecture} on this machine`];
  }
}

function findNode(architecture: Architecture, scratch: string): string {
  if (architecture === MACHINE) return realpathSync(process.execPath);
  const cpu = architecture === 'arm64' ? 'arm64' : 'x64';
  const name = `node-linux-${cpu}@${process.versions.node}`;
  const packed = execFileSync('npm', ['pack', '--silent', name], {
    cwd: scratch,
    encoding: 'utf8',
  });
  execFileSync('tar', ['-xzf', packed.trim(), 'package/bin/node'], { cwd: scratch });
  return path.join(scratch, 'package/bin/node');
}

/** The package as it is published, and what it depends on. */
function addApplication(target: string): void {
  rmSync(path.join(repository, 'dist'), { recursive: true, force: true });
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: repository, stdio: 'inherit' });
  const { files } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
    files: readonly string[];
  };
  for (const name of ['package.json', 'LICENSE', ...files, ...listPackages()])
    cpSync(path.join(repository, name), path.join(target, name), {
      recursive: true,
      dereference: true,
      filter: (from) => !LEFT_OUT.test(path.relative(repository, from)),
    });
}

/** Folders of the packages that are no development dependencies. None has code of a machine. */
function listPackages(): string[] {
  const lock = JSON.parse(readFileSync(path.join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<
      Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }>
    >;
  };
  return Object.entries(lock.packages)
    .filter(([folder, { dev, optional, devOptional }]) => {
      const isOthers = dev === true || optional === true || devOptional === true;
      return folder !== '' && !isOthers;
    })
    .map(([folder]) => folder);
}

/**
 * Commands without a shell and without `env`: the first line names Node itself. The second one
 * stands in for the health check of ADOT's image, with its port and its one flag.
 */
function addCommands(root: string): void {
  const main = `import('/${APPLICATION}/dist/main.js');`;
  const health = [
    'const flags = process.argv.slice(2).join(" ");',
    'const [, port = "13133"] = /(?:^| )--?port[ =](\\S+)/.exec(flags) ?? [];',
    'const url = `http://127.0.0.1:${port}/`;',
    'process.argv.splice(2, Infinity, "check", "healthcheck", url);',
  ];
  const write = (file: string, lines: readonly string[]): void => {
    writeNew(path.join(root, file), `${['#!/usr/local/bin/node', ...lines].join('\n')}\n`);
    chmodSync(path.join(root, file), 0o755);
  };
  write('usr/local/bin/amperage', [main]);
  write('healthcheck', [...health, main]);
}

/** Users, names, a folder for what is temporary, and one for what is kept. */
function addSystemFiles(root: string): void {
  const user = `nonroot:x:${IMAGE_USER}:${IMAGE_USER}:nonroot:/var/lib/amperage:/sbin/nologin`;
  writeNew(path.join(root, 'etc/passwd'), `root:x:0:0:root:/:/sbin/nologin\n${user}\n`);
  writeNew(path.join(root, 'etc/group'), `root:x:0:\nnonroot:x:${IMAGE_USER}:\n`);
  writeNew(path.join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  mkdirSync(path.join(root, 'tmp'));
  chmodSync(path.join(root, 'tmp'), 0o1777);
  // Empty: the Dockerfile makes the folders of volumes of it.
  mkdirSync(path.join(root, 'var/lib/amperage'), { recursive: true });
}

function install(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function writeNew(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

if (import.meta.main) {
  const [folder, architecture = MACHINE] = process.argv.slice(2);
  if (folder === undefined || (architecture !== 'amd64' && architecture !== 'arm64')) {
    process.stderr.write('usage: node scripts/image/assemble.ts FOLDER [amd64 | arm64]\n');
    process.exit(2);
  }
  for (const remark of assemble(path.resolve(folder), architecture))
    process.stderr.write(`assemble: ${remark}\n`);
}
