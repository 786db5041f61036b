/** `npm run bench`: the micro-benchmarks of all parts. Numbers depend on the machine; compare within one run. */
import { run } from 'mitata';
import { registerWrite } from './write.ts';

const cleanUps = [await registerWrite()];
await run();
for (const cleanUp of cleanUps) await cleanUp();
