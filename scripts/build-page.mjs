/**
 * Bundles and minifies src/page into build/page/{index.html,icon.svg,main.js,main.css}. With
 * `--if-changed` it does nothing and prints nothing when build/page/.hash says that the last build
 * was made from the same sources and libraries.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src', 'page');
const target = join(root, 'build', 'page');
const stamp = join(target, '.hash');
const copied = ['index.html', 'icon.svg'];
const products = [...copied, 'main.js', 'main.css'].map((name) => join(target, name));

const hash = hashSources();
const fresh =
  products.every((file) => existsSync(file)) &&
  existsSync(stamp) &&
  readFileSync(stamp, 'utf8') === hash;
if (!fresh || !process.argv.includes('--if-changed')) await build();

function hashSources() {
  const names = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const files = [...names, join(root, 'package-lock.json')];
  files.push(fileURLToPath(import.meta.url));
  const sum = createHash('sha256');
  for (const file of files)
    sum.update(file.slice(root.length)).update('\0').update(readFileSync(file));
  return sum.digest('hex');
}

async function build() {
  // esbuild is loaded only here: a run that finds the page up to date only reads its sources.
  const esbuild = await import('esbuild');
  mkdirSync(target, { recursive: true });
  await esbuild.build({
    entryPoints: [
      { in: join(source, 'main.tsx'), out: 'main' },
      { in: join(source, 'page.css'), out: 'main' },
    ],
    outdir: target,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'inline',
    logLevel: 'warning',
  });
  for (const name of copied) copyFileSync(join(source, name), join(target, name));
  const sizeBytes = products.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
  // The hash is written last, so that a failed build is not taken for a finished one.
  writeFileSync(stamp, hash);
  process.stderr.write(`amperage: built the page, ${(sizeBytes / 1000).toFixed(1)} kB gzipped\n`);
}
