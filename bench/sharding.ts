/**
 * `npm run bench:sharding`: what dividing targets costs, for growing counts of targets and
 * collectors: hashing the targets (once), the longest turn of the event loop meanwhile, the table
 * of owners, and the moves for balance; and how evenly the targets are divided.
 */
import { balance, measureImbalance, divideParts } from '../src/sharding/division.ts';
import { addLoads, selectHeld, PARTS, withParts } from '../src/sharding/parts.ts';

const CASES = [
  [100, 3],
  [1_000, 3],
  [1_000, 16],
  [10_000, 16],
  [10_000, 100],
  [100_000, 100],
] as const;
const RUNS = 3;

function makeGroups(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    source: `s/${i}`,
    targets: [{ __address__: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:9779` }],
    labels: {
      __metrics_path__: '/metrics',
      __meta_ecs_cluster: 'production',
      __meta_ecs_task_arn: `arn:aws:ecs:eu-west-1:123456789012:task/production/${i.toString(16)}`,
      service: `service-${i % 50}`,
    },
  }));
}

/** The longest time in ms that timers had to wait while the work ran. */
async function measureLongestTurn(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let isOver = false;
  const look = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  await work();
  isOver = true;
  return longest;
}

const measureMs = <T>(work: () => T): [T, number] => {
  const startMs = performance.now();
  const result = work();
  return [result, performance.now() - startMs];
};

process.stdout.write(
  'targets  collectors  hash ms  longest turn  owners ms  balance ms  share ms  max/mean by ' +
    'hash  balanced  moves\n',
);
for (const [targets, collectors] of CASES) {
  const members = Array.from(
    { length: collectors },
    (_, i) => `arn:aws:ecs:eu-west-1:123456789012:task/collectors/${(i * 7_919).toString(16)}`,
  );
  for (let run = 0; run < RUNS; run++) {
    const groups = makeGroups(targets);
    const startMs = performance.now();
    let parted = await withParts([]);
    const turnMs = await measureLongestTurn(async () => (parted = await withParts(groups)));
    const hashMs = performance.now() - startMs;
    const loads = new Uint32Array(PARTS);
    addLoads(parted, loads);
    const none = new Map<number, string>();
    const [owners, ownersMs] = measureMs(() => divideParts(members, none));
    const [moves, balanceMs] = measureMs(() => balance(members, loads, none));
    const [, shareMs] = measureMs(() => selectHeld(parted, (part) => owners[part] === members[0]));
    if (run < RUNS - 1) continue;
    process.stdout.write(
      `${[
        String(targets).padStart(7),
        String(collectors).padStart(11),
        hashMs.toFixed(1).padStart(8),
        turnMs.toFixed(1).padStart(13),
        ownersMs.toFixed(1).padStart(10),
        balanceMs.toFixed(1).padStart(11),
        shareMs.toFixed(1).padStart(9),
        measureImbalance(members, loads, none).toFixed(3).padStart(17),
        measureImbalance(members, loads, moves).toFixed(3).padStart(9),
        String(moves.size).padStart(6),
      ].join(' ')}\n`,
    );
  }
}
