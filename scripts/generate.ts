/**
 * Generates the pages and schemas that are derived from the code: docs/errors.md, docs/commands.md,
 * docs/doctor.md, docs/replaced-programs.md, docs/metrics.md, docs/discovery-labels.md, docs/keys/,
 * the tables of docs/migrate-from-adot.md, schema/, dashboards/ and man/.
 * `npm run generate` writes them.
 * With `--check` nothing is written; each fault is printed with its remedy, and the exit status is
 * 1 if there is one: a file that differs from what the code says, an error code that nothing uses,
 * or a key without a description.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadProgram } from '../src/commands/program.ts';
import { VERSION } from '../src/commands/version.ts';
import { FAMILIES } from '../src/kernel/error-codes/catalogue.ts';
import { renderCommandPage } from './generate/command-page.ts';
import { checkDescriptions, listDialects, renderDialects } from './generate/dialects.ts';
import { doctorChecks } from '../src/doctor/checks.ts';
import { renderDoctorPage } from './generate/doctor-page.ts';
import { renderDashboards } from './generate/dashboards.ts';
import { checkErrorCodes, renderErrorPage, type SourceFile } from './generate/error-page.ts';
import { compareFiles, writeFiles } from './generate/files.ts';
import { renderLabelsPage } from './generate/labels-page.ts';
import { renderManPage } from './generate/man-page.ts';
import { listMetrics, renderMetricsPage } from './generate/metrics-page.ts';
import { renderMigrationPage } from './generate/migration-page.ts';
import { renderReplacedPage } from './generate/replaced-page.ts';

/** Folders that hold generated files only; any other file in them is a fault. */
const FOLDERS = ['dashboards', 'docs/keys', 'man', 'schema'];
/** A page of which only the tables are generated. */
const MIGRATION = 'docs/migrate-from-adot.md';
const root = join(import.meta.dirname, '..');

function readSources(): SourceFile[] {
  return globSync('src/**/*.{ts,tsx}', { cwd: root })
    .filter((path) => !path.endsWith('.test.ts') && !path.includes('error-codes'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const dialects = listDialects();
const pages = renderDialects(dialects);
const sources = readSources();
const program = await loadProgram();
const files = new Map([
  ['docs/errors.md', renderErrorPage(FAMILIES)],
  ['docs/doctor.md', renderDoctorPage(doctorChecks)],
  ['docs/commands.md', renderCommandPage(program)],
  ['man/amperage.1', renderManPage(program, VERSION)],
  ['docs/discovery-labels.md', renderLabelsPage(sources)],
  ['docs/metrics.md', renderMetricsPage(listMetrics(sources))],
  ['docs/replaced-programs.md', renderReplacedPage()],
  [MIGRATION, renderMigrationPage(readPage(MIGRATION), pages.get('docs/keys/collector.md') ?? '')],
  ...pages,
  ...renderDashboards(),
]);
const faults = [...checkErrorCodes(FAMILIES, sources), ...checkDescriptions(dialects)];
if (process.argv.includes('--check')) faults.push(...compareFiles(files, root, FOLDERS));
else writeFiles(files, root);
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
