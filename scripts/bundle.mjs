/**
 * `npm run build`: bundles src into dist, split so that a command loads only what it uses
 * (docs/decisions/0029-a-build-is-a-bundle-in-parts.md). Everything lies in one folder: code finds
 * the files of threads beside its own. Libraries of AWS stay packages; LICENSES.txt has the
 * licences of those that are bundled. Types are not checked here.
 *
 *   node scripts/bundle.mjs [FOLDER]
 */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = resolve(process.argv[2] ?? join(root, 'dist'));

/** What is started by its file: the program, threads, and what is loaded into a container. */
const entries = [
  'commands/run.ts',
  'config/redact-thread.ts',
  'emulator/ecs/processes/container-view.ts',
  'otlp/json-thread.ts',
  'settings/password-thread.ts',
  'xray/socket-thread.ts',
];
/** Loaded by few commands and large, or by a name that a bundler does not see. */
const external = ['@aws-sdk/*', '@smithy/*', 'bcryptjs'];

const options = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  // Nothing is minified: stack traces and profiles stay readable, and it saves no memory.
  legalComments: 'none',
  logLevel: 'warning',
};

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await esbuild.build({
  ...options,
  entryPoints: entries.map((entry) => join('src', entry)),
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  splitting: true,
  metafile: true,
  external,
  plugins: [redirect(/^undici$/, { path: join(root, 'scripts/bundle/undici.mjs') })],
  // Bundled CommonJS asks for modules of Node by it. Without it esbuild's own would throw.
  banner: {
    js: "const require=process.getBuiltinModule('module').createRequire(import.meta.url);",
  },
});
refuseLocales(metafile);
await buildMain();
for (const file of readdirSync(outdir)) narrow(join(outdir, file));
writeFileSync(join(outdir, 'LICENSES.txt'), gatherLicenses(metafile));

/** By itself: it may need nothing that a Node lacks which it has to refuse. */
async function buildMain() {
  const run = redirect(/run\.ts$/, { path: './run.js', external: true });
  const main = join(root, 'src/main.ts');
  await esbuild.build({ ...options, entryPoints: [main], external: ['node:*'], plugins: [run] });
  chmodSync(join(outdir, 'main.js'), 0o755);
}

/**
 * V8 keeps the text of a module for as long as it runs, in two bytes a character where a single one
 * needs them. esbuild escapes those in strings, but not in comments, regular expressions and
 * templates, where an escape means the same, but for the two that are refused.
 */
function narrow(file) {
  const text = readFileSync(file, 'utf8');
  if (/\\[^\0-\xff]|String\.raw`[^`]*[^\0-\xff]/.test(text))
    throw new Error(
      `${file}: behind a backslash or in String.raw, write \\u… for what is no Latin-1`,
    );
  const escape = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const narrowed = text.replaceAll(/[^\0-\xff]/g, escape);
  if (narrowed !== text) writeFileSync(file, narrowed);
}

/** A plugin of esbuild: what imports of such a name mean. */
function redirect(filter, meaning) {
  return { name: meaning.path, setup: (build) => build.onResolve({ filter }, () => meaning) };
}

/**
 * zod as a namespace leaves its fifty languages out, 443 kB that every command would hold; one use
 * of `z.core` as a value, not as a type, brings them all.
 */
function refuseLocales({ outputs }) {
  const parts = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const found = parts.filter(
    ([file, { bytesInOutput }]) => file.includes('zod/v4/locales/') && bytesInOutput > 0,
  );
  if (found.length > 1)
    throw new Error('the bundle has all languages of zod: use no value of z.core, as z.ZodString');
}

/** The licence of each package of which something is in the bundle. */
function gatherLicenses({ inputs }) {
  const found = Object.keys(inputs).flatMap(
    (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [],
  );
  const packages = [...new Set(found)].sort();
  const texts = packages.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const license = readFileSync(join(folder, 'LICENSE'), 'utf8').trim();
    return `${name} ${version}\n\n${license}\n`;
  });
  const head = 'Parts of these packages are in the files beside this one.\n\n';
  return head + texts.join(`\n${'-'.repeat(80)}\n\n`);
}
