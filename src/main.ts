#!/usr/bin/env node
/**
 * The executable: refuses a Node that is older than package.json allows, before a module is loaded
 * that such a Node lacks, and then runs the program. It imports nothing else, and is itself written
 * for any Node that has modules.
 */
import { readFileSync } from 'node:fs';

interface Manifest {
  readonly engines: { readonly node: string };
}

const code = 'NODE_VERSION';
const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
const needed = (JSON.parse(text) as Manifest).engines.node.replace('>=', '');
const isTooOld =
  process.versions.node.localeCompare(needed, 'en', { numeric: true, sensitivity: 'base' }) < 0;

if (isTooOld) {
  process.stderr.write(
    `amperage: needs Node ≥ ${needed}, this is ${process.versions.node} (${process.execPath}); ` +
      `install a newer Node [${code}]\n`,
  );
  process.exitCode = 2;
} else {
  const { runProgram } = await import('./commands/run.ts');
  await runProgram(process.argv.slice(2));
}
