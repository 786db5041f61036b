/** Whether the clock of this machine is that of AWS, by the Date of its answers. */
import { defineCheck } from './check.ts';
import { describeSeconds } from './faults.ts';
import { askAnyone, listPrincipals } from './identity.ts';

/** Beyond it AWS refuses signatures. */
const SKEW_MAX_MS = 5 * 60_000;
/** Dates are in whole seconds, and an answer takes a while. */
const DRIFT_MAX_MS = 30_000;

export const clockCheck = defineCheck({
  id: 'clock',
  looksAt: 'the clock of this machine against that of AWS',
  timeoutMs: 20_000,
  kinds: {
    'clock-wrong': {
      severity: 'error',
      means:
        'The clock is more than five minutes off: AWS refuses each signature, and samples bear ' +
        'a wrong time.',
      remedy:
        'Set the clock and keep it set: chrony with 169.254.169.123 on EC2; on a laptop that ' +
        'slept, the time service of its system.',
      page: 'how-to/iam.md',
    },
    'clock-drifts': {
      severity: 'warning',
      means:
        'The clock is off by more than half a minute: signatures hold, but samples bear a ' +
        'wrong time, and beyond five minutes nothing does.',
      remedy: 'Let the time service of the machine run: chrony with 169.254.169.123 on EC2.',
      page: 'how-to/iam.md',
    },
  },
  async look(subject, tell) {
    const [use] = listPrincipals(subject);
    if (use === undefined) {
      tell.skipped('nothing of AWS is used, whose time could be asked for');
      return;
    }
    let dateMs = Number.NaN;
    let receivedMs = 0;
    try {
      const { answer } = await askAnyone(use, subject);
      dateMs = Date.parse(answer.response.headers['date'] ?? '');
      ({ receivedMs } = answer);
    } catch {
      // Why there is no answer is told by the checks of credentials and endpoints.
    }
    if (Number.isNaN(dateMs)) {
      tell.skipped('no answer of AWS with a date');
      return;
    }
    const offsetMs = receivedMs - dateMs;
    const side = offsetMs > 0 ? 'ahead of' : 'behind';
    const words = `this clock is ${describeSeconds(Math.abs(offsetMs))} ${side} that of AWS`;
    const evidence = [
      `here ${new Date(receivedMs).toISOString()}`,
      `AWS  ${new Date(dateMs).toISOString()}`,
    ];
    if (Math.abs(offsetMs) > SKEW_MAX_MS) tell.found('clock-wrong', { what: words, evidence });
    else if (Math.abs(offsetMs) > DRIFT_MAX_MS)
      tell.found('clock-drifts', { what: words, evidence });
    else tell.ok('agrees with AWS within half a minute');
  },
});
