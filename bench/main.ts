/**
 * `npm run bench`: the micro-benchmarks of all parts. Figures depend on the machine, so compare
 * only figures of one run.
 */
import { run } from 'mitata';
import { registerExposition } from './exposition.ts';
import { registerRelabel } from './relabel.ts';
import { registerTraces } from './traces.ts';
import { registerWrite } from './write.ts';

const cleanUps = [
  await registerWrite(),
  await registerTraces(),
  await registerExposition(),
  await registerRelabel(),
];
await run();
for (const cleanUp of cleanUps) await cleanUp();
