/**
 * `npm test` runs every test once, each file in a process of its own. Where CI is set, or with
 * `--coverage`, it measures coverage and fails below the limits in .c8rc.json. Other arguments are
 * passed to `node --test`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const given = process.argv.slice(2);
const { CI = '' } = process.env;
const isMeasured = CI !== '' || given.includes('--coverage');
const coverage = [fileURLToPath(import.meta.resolve('c8/bin/c8.js')), '--config', '.c8rc.json'];
const run = [
  '--test',
  '--test-timeout=120000',
  '--test-concurrency=3',
  ...given.filter((one) => one !== '--coverage'),
  'src/**/*.test.ts',
  'test/**/*.test.ts',
];
const node = process.execPath;
const { status, error } = spawnSync(node, isMeasured ? [...coverage, node, ...run] : run, {
  stdio: 'inherit',
});
if (error !== undefined) process.stderr.write(`amperage: ${error.message}\n`);
process.exit(status ?? 1);
