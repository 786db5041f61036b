/**
 * Prepares a fresh clone before `npm start`, `npm test` and `npm run check`: installs the packages
 * of package-lock.json when they are missing or out of date, and builds the web page. It runs on
 * the machine's own Node, 18 or newer, so it is plain JavaScript without dependencies.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.amperage-installed');
const neededMb = 600;

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  fail(
    `Node ${process.versions.node} is too old to install with; ` +
      'install Node 20 or newer from your package manager',
  );
}

const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const node = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(node);
if (!installed) install();
checkNode();
buildPage();

function install() {
  const disk = statfsSync(root);
  const freeMb = Math.floor((disk.bavail * disk.bsize) / 1048576);
  if (freeMb < neededMb) {
    fail(
      `${freeMb} MB free on the disk of ${root}, ${neededMb} MB are needed to install; ` +
        'free some space',
    );
  }
  process.stderr.write(
    'amperage: installing what is missing (once; about 350 MB, the pinned Node among it) …\n',
  );
  const started = Date.now();
  try {
    // `npm ci` is not used: it refuses a lock file that was made against a registry which lacks
    // another platform's binary of an optional dependency. Versions and checksums come from the
    // lock file in both cases.
    execFileSync(
      'npm',
      ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev'],
      {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        shell: process.platform === 'win32',
      },
    );
  } catch {
    fail(
      'npm install failed (its own message stands above); ' +
        'check the connection to your npm registry and run the command again',
    );
  }
  if (!existsSync(node)) {
    fail(
      'the pinned Node did not install: npm was told to skip install scripts; ' +
        'run "npm install --ignore-scripts=false"',
    );
  }
  writeFileSync(stamp, wanted);
  process.stderr.write(`amperage: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

/**
 * Starts the pinned Node once. Since version 25 it loads libatomic, which small installations lack,
 * and the loader's own message names no package.
 */
function checkNode() {
  const { status, stderr, error } = spawnSync(node, ['--version'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return;
  const [, library] = /(lib[\w+.-]+): cannot open shared object file/.exec(stderr ?? '') ?? [];
  const packages = {
    'libatomic.so.1': '"libatomic1" on Debian and Ubuntu, "libatomic" on Fedora and Amazon Linux',
    'libstdc++.so.6': '"libstdc++6" on Debian and Ubuntu, "libstdc++" on Fedora and Amazon Linux',
  };
  if (library !== undefined)
    fail(
      `the pinned Node cannot start, since ${library} is not on this machine; install ` +
        (packages[library] ?? 'the package that brings it'),
    );
  // Its loader is not there: musl has another one than glibc, for which the binary is.
  if (error?.code === 'ENOENT' && existsSync(node))
    fail(
      'the pinned Node cannot start, since it is made for systems with glibc; ' +
        'Alpine has another C library: use Debian, Ubuntu, Fedora or the image',
    );
  fail(`the pinned Node cannot start: ${error?.message ?? (stderr.trim() || `status ${status}`)}`);
}

function buildPage() {
  if (!existsSync(join(root, 'scripts', 'build-page.mjs'))) return;
  try {
    execFileSync(node, [join(root, 'scripts', 'build-page.mjs'), '--if-changed'], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    });
  } catch {
    fail('the web page could not be built (the message stands above)');
  }
}

function fail(message) {
  process.stderr.write(`amperage: ${message}\n`);
  process.exit(1);
}
