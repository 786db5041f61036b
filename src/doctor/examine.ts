/**
 * Runs checks, some at once, each within its time, and hides secrets in what they tell. A check
 * that fails or takes too long is told as such, and the others go on.
 */
import { describeError } from '../kernel/errors.ts';
import type { Diagnosis, DoctorCheck, FindingKind, FoundCase } from './check.ts';
import { Hiding } from './hiding.ts';
import type { DoctorSubject } from './subject.ts';

const AT_ONCE = 6;
/** Findings of one check that are told; those behind them are counted. */
const TOLD_MAX = 50;

/** What doctor tells of a check itself. */
export const OWN_KINDS = {
  'check-unfinished': {
    severity: 'warning',
    means: 'A check had not ended within its time; what it told until then holds.',
    remedy: 'Run it alone by --only; what it waits for is likely what does not answer.',
    page: 'doctor.md',
  },
  'check-failed': {
    severity: 'warning',
    means: 'A check could not be done.',
    remedy: 'Read the reason; it may be a fault of the place where doctor runs.',
    page: 'doctor.md',
  },
} as const satisfies Record<string, FindingKind>;

/** @returns  in the order of the checks */
export async function examine(
  checks: readonly DoctorCheck[],
  subject: DoctorSubject,
): Promise<readonly Diagnosis[]> {
  const results = new Map<DoctorCheck, readonly Diagnosis[]>();
  const waiting = [...checks];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
      results.set(check, await runCheck(check, subject));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const hiding = await Hiding.of(subject);
  return checks.flatMap((check) => results.get(check) ?? []).map((one) => hiding.hide(one));
}

async function runCheck(check: DoctorCheck, subject: DoctorSubject): Promise<readonly Diagnosis[]> {
  const told: Diagnosis[] = [];
  let isOver = false;
  const add = (one: Omit<Diagnosis, 'check'>): void => {
    if (!isOver) told.push({ check: check.id, ...one });
  };
  const addCase = (id: string, kind: FindingKind, found: FoundCase): void => {
    const { what, where = '', evidence = [], remedy = kind.remedy } = found;
    const { severity, page: documentation } = kind;
    add({ id, severity, what, where, evidence, remedy, documentation });
  };
  const plain = { where: '', evidence: [], remedy: '', documentation: '' };
  const tell = {
    found: (id: string, found: FoundCase) => addCase(id, check.kinds[id] as FindingKind, found),
    ok: (what: string, evidence: readonly string[] = []) =>
      add({ ...plain, id: check.id, severity: 'ok', what, evidence }),
    skipped: (what: string) => add({ ...plain, id: check.id, severity: 'skipped', what }),
  };
  const ending = new AbortController();
  const late = subject.world.clock.sleep(check.timeoutMs, ending.signal).then(() => 'late');
  const done = check.look(subject, tell, ending.signal);
  // Who loses the race may reject later, which nobody awaits.
  late.catch(() => undefined);
  done.catch(() => undefined);
  try {
    if ((await Promise.race([done, late])) === 'late')
      addCase('check-unfinished', OWN_KINDS['check-unfinished'], {
        what: `the check "${check.id}" did not end within ${check.timeoutMs / 1_000} s`,
      });
  } catch (error) {
    addCase('check-failed', OWN_KINDS['check-failed'], {
      what: `the check "${check.id}" could not be done`,
      evidence: [describeError(error)],
    });
  } finally {
    isOver = true;
    ending.abort();
  }
  return bound(told, check.id);
}

function bound(told: readonly Diagnosis[], check: string): readonly Diagnosis[] {
  if (told.length <= TOLD_MAX) return told;
  const more = told.length - TOLD_MAX;
  const what = `${more} more findings of this check are left out`;
  const rest = { where: '', evidence: [], remedy: '', documentation: '' };
  return [...told.slice(0, TOLD_MAX), { check, id: check, severity: 'skipped', what, ...rest }];
}
