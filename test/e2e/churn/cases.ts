/** Changes of a service of collectors, and conditions of AWS under which they happen. */
import { type Collector, Deployment, sleep } from './deployment.ts';
import { type Tally, tally } from './tally.ts';

export const CHANGES = ['join', 'leave', 'leave half', 'kill', 'replace', 'roll-out'] as const;
export const CONDITIONS = [
  'fine',
  'denied',
  'throttled',
  'metadata fails',
  'receiver fails',
  'denied, no name',
] as const;
export type Change = (typeof CHANGES)[number];
export type Condition = (typeof CONDITIONS)[number];

export interface ChurnResult extends Tally {
  readonly change: Change;
  readonly condition: Condition;
  readonly refusedRequests: number;
  readonly refusedSamples: number;
  readonly logs: string;
}

const COLLECTORS = 3;
const METADATA_FAILS_MS = 8_000;
/** How long targets are watched after the change. */
const AFTER_MS = 8_000;

const changes: Record<Change, (deployment: Deployment, running: Collector[]) => Promise<void>> = {
  async join(deployment) {
    deployment.begin();
    await joined(deployment, 4);
  },
  async leave(deployment, [first]) {
    if (first) await deployment.end(first);
  },
  async 'leave half'(deployment, running) {
    await Promise.all(running.slice(0, COLLECTORS).map((one) => deployment.end(one)));
  },
  async kill(deployment, [first]) {
    if (first) await deployment.kill(first);
  },
  async replace(deployment, [first]) {
    if (first === undefined) return;
    const gone = deployment.kill(first);
    await sleep(1_500);
    deployment.begin();
    await gone;
    await joined(deployment, 4);
  },
  async 'roll-out'(deployment, running) {
    for (const [index, old] of running.entries()) {
      deployment.begin();
      await joined(deployment, COLLECTORS + index + 1);
      await deployment.end(old);
    }
  },
};

/** Waits until the new collector is started and had time to settle, as a health check would. */
async function joined(deployment: Deployment, begun: number): Promise<void> {
  const newest = deployment.collectors[begun - 1];
  const endMs = Date.now() + 20_000;
  const hasCome = (): boolean =>
    deployment.visits.some((visits) => visits.at(-1)?.collector === newest?.name);
  while (!hasCome() && Date.now() < endMs) await sleep(100);
  await sleep(1_000);
}

export async function runChurn(
  prometheus: string,
  change: Change,
  condition: Condition,
): Promise<ChurnResult> {
  const hasName = condition !== 'denied, no name';
  const deployment = await Deployment.start({ receiver: { prometheus }, hasName });
  try {
    const count = change === 'leave half' ? 2 * COLLECTORS : COLLECTORS;
    for (let i = 0; i < count; i++) deployment.begin();
    await deployment.settled(count);
    const running = [...deployment.collectors];
    const { trouble } = deployment.aws.cloud;
    if (condition.startsWith('denied'))
      trouble.set({ faults: [{ code: 'AccessDeniedException' }] });
    if (condition === 'throttled')
      trouble.set({ faults: [{ code: 'ThrottlingException', share: 0.95 }] });
    if (condition === 'metadata fails')
      deployment.metadataFailsUntilMs = Date.now() + METADATA_FAILS_MS;
    const before = await deployment.refused();
    if (condition === 'receiver fails') deployment.isReceiverFailing = true;
    const fromMs = Date.now();
    await changes[change](deployment, running);
    await sleep(AFTER_MS);
    const toMs = Date.now();
    deployment.isReceiverFailing = false;
    await sleep(condition === 'receiver fails' ? 10_000 : 2_000);
    const after = await deployment.refused();
    return {
      change,
      condition,
      ...tally(deployment.visits, fromMs, toMs),
      refusedRequests: after.requests - before.requests,
      refusedSamples: after.samples - before.samples,
      logs: deployment.collectors.map(({ name, output }) => `--- ${name}\n${output}`).join('\n'),
    };
  } finally {
    await deployment.stop();
  }
}

export function headline(): string {
  return 'change     AWS              none   one  more  longest gap  refused requests  samples';
}

export function formatRow(result: ChurnResult): string {
  const { change, condition, none, one, more, longestGapMs } = result;
  return [
    change.padEnd(10),
    condition.padEnd(15),
    String(none).padStart(5),
    String(one).padStart(5),
    String(more).padStart(5),
    `${(longestGapMs / 1_000).toFixed(2)} s`.padStart(12),
    String(result.refusedRequests).padStart(17),
    String(result.refusedSamples).padStart(8),
  ].join(' ');
}
