/**
 * `npm run churn -- [change…] [condition…]`: collectors that divide sixty targets, scraped each
 * second, and what each change of the service costs them, with a real Prometheus as receiver. All
 * changes under all conditions by default; `--logs` shows what the collectors said.
 */
import { peer } from '../../kit/peers.ts';
import { CHANGES, CONDITIONS, headline, rowOf, runChurn } from './cases.ts';

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
    process.stdout.write(`${rowOf(result)}\n`);
    if (given.includes('--logs')) process.stdout.write(`${result.logs}\n`);
  }
process.exit(0);
