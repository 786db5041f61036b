/**
 * `npm run churn -- [change…] [condition…]`: collectors divide sixty targets that are scraped each
 * second; prints what each change of the service costs the targets, with a real Prometheus as
 * receiver. By default it runs all changes under all conditions. `--logs` prints the collectors'
 * logs.
 */
import { peer } from '../../kit/peers.ts';
import { CHANGES, CONDITIONS, headline, formatRow, runChurn } from './cases.ts';

const prometheus = peer('prometheus');
if (prometheus === undefined) throw new Error('Prometheus is needed: scripts/install-peers.sh');
const given = process.argv.slice(2);
const chosen = <Name extends string>(names: readonly Name[]): readonly Name[] => {
  const wanted = names.filter((name) => given.includes(name));
  return wanted.length === 0 ? names : wanted;
};
process.stdout.write(`${headline()}\n`);
for (const condition of chosen(CONDITIONS))
  for (const change of chosen(CHANGES)) {
    const result = await runChurn(prometheus, change, condition);
    process.stdout.write(`${formatRow(result)}\n`);
    if (given.includes('--logs')) process.stdout.write(`${result.logs}\n`);
  }
process.exit(0);
