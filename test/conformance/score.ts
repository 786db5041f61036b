/**
 * `npm run conformance` prints how many cases of each published suite get the right verdict, and
 * which do not.
 */
import { conformance } from '../kit/conformance.ts';
import { runSuites } from './suites.ts';

if (conformance === undefined) {
  console.error('the published test data is not beside the project (../shared/conformance)');
  process.exitCode = 2;
} else {
  for (const { suite, cases, wrong } of await runSuites()) {
    console.log(`${suite.padEnd(30)} ${cases - wrong.length} of ${cases}`);
    for (const line of wrong) console.log(`  ${line}`);
  }
}
