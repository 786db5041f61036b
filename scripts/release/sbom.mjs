/**
 * `npm run -s sbom` prints the bill of materials of the package, as CycloneDX: what an installation
 * brings, without what only the development needs. npm makes it of package-lock.json; here the
 * package is named by its manifest, not by its folder, and addresses of other registries than the
 * public one are left out. What is only for development is known by package-lock.json: npm's own
 * `omit` also leaves out what both need.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { name, dependencies } = readJson('package.json');
const needed = new Set(
  Object.entries(readJson('package-lock.json').packages)
    .filter(([, { dev }]) => dev !== true)
    .map(([place, { version }]) => `${place.split('node_modules/').at(-1) || name}@${version}`),
);
const made = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  shell: process.platform === 'win32',
});
const bill = JSON.parse(made);
Object.assign(bill.metadata.component, { name, type: 'application' });
bill.components = bill.components.filter((one) => needed.has(`${one.name}@${one.version}`));
const kept = new Set([bill.metadata.component, ...bill.components].map((one) => one['bom-ref']));
bill.dependencies = bill.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
const direct = new Set(
  bill.components.filter((one) => one.name in dependencies).map((one) => one['bom-ref']),
);
for (const one of bill.dependencies)
  if (one.ref === bill.metadata.component['bom-ref'])
    one.dependsOn = one.dependsOn.filter((ref) => direct.has(ref));
for (const component of bill.components)
  component.externalReferences = (component.externalReferences ?? []).filter(
    ({ type, url }) => type !== 'distribution' || url.startsWith('https://registry.npmjs.org/'),
  );
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}
