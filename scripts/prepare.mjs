/**
 * Prepares a fresh clone before `npm start`, `npm test` and `npm run check`: installs the packages
 * of package-lock.json when they are missing or out of date, and builds the web page. It runs on
 * the machine's own Node, 18 or newer, so it is plain JavaScript without dependencies.
 */
import { execFileSync } from 'node:child_process';
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
