/**
 * `npm run image -- FILE [TARGET]`: builds a target of the Dockerfile without Docker, and writes it
 * as an archive that `docker load` and skopeo read. Needs Debian, root, and its package buildah.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ImageStore, listTargets } from './images.ts';

const [file, target = 'amperage'] = process.argv.slice(2);
if (file === undefined || !listTargets().includes(target)) {
  process.stderr.write(`usage: npm run image -- FILE [${listTargets().join(' | ')}]\n`);
  process.exit(2);
}
const store = new ImageStore(mkdtempSync(path.join(tmpdir(), 'amperage-images-')));
try {
  store.assemble();
  store.build(target);
  const megabytes = (store.measureCompressed(target) / 1_000_000).toFixed(1);
  store.archive(target, path.resolve(file));
  process.stdout.write(`${file}: ${target}, ${megabytes} MB compressed\n`);
} finally {
  store.remove();
}
