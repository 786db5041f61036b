/**
 * `npm run churn:scale-in -- [scenario…] [kept|lost] [up|down]`: what it costs when collectors of a
 * service go or come, with a strict receiver, by default in all scenarios. `--logs` prints the
 * collectors' logs.
 */
import { formatScaleIn, runScaleIn, SCENARIOS, scaleInHeadline } from './scale-in.ts';

const given = process.argv.slice(2);
const chosen = <Name extends string>(names: readonly Name[]): readonly Name[] => {
  const wanted = names.filter((name) => given.includes(name));
  return wanted.length === 0 ? names : wanted;
};
process.stdout.write(`${scaleInHeadline()}\n`);
for (const isReceiverDown of chosen(['up', 'down']).map((word) => word === 'down'))
  for (const isKept of chosen(['kept', 'lost']).map((word) => word === 'kept'))
    for (const scenario of chosen(SCENARIOS)) {
      const result = await runScaleIn({ scenario, isKept, isReceiverDown });
      process.stdout.write(`${formatScaleIn(result)}\n`);
      if (given.includes('--logs')) process.stdout.write(`${result.logs}\n`);
    }
process.exit(0);
