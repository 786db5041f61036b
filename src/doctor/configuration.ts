/** What a start or `check config` says of the configuration, and what it leads nowhere. */
import { listLooseEnds } from '../config/loose-ends.ts';
import { defineCheck } from './check.ts';

export const configurationCheck = defineCheck({
  id: 'configuration',
  looksAt: 'what "check config" finds, and what is collected and led nowhere',
  timeoutMs: 1_000,
  kinds: {
    'configuration-refused': {
      severity: 'error',
      means: 'The configuration has an error: nothing starts with it, and a reload keeps the old.',
      remedy: 'Mend it at the place that is named, then "amperage check config FILE".',
      page: 'configuration.md',
    },
    'configuration-warned': {
      severity: 'warning',
      means: 'The configuration can be used, but a part of it does not do what it says.',
      remedy: 'Mend or remove it at the place that is named.',
      page: 'configuration.md',
    },
    'configuration-loose-end': {
      severity: 'warning',
      means: 'Something is collected that goes nowhere, or a receiver gets nothing.',
      remedy: 'Write what is missing: a sink, a job, or a receiver.',
      page: 'configuration.md',
    },
  },
  look({ checked, configName }, tell) {
    for (const { severity, code, message, file, line, column } of checked.findings)
      tell.found(severity === 'error' ? 'configuration-refused' : 'configuration-warned', {
        what: `${message} [${code}]`,
        where: line === 0 ? file : `${file}:${line}:${column}`,
      });
    const { plan } = checked;
    if (plan === undefined) return Promise.resolve();
    const ends = listLooseEnds(plan);
    for (const end of ends) tell.found('configuration-loose-end', { what: end, where: configName });
    if (checked.findings.length + ends.length === 0)
      tell.ok(
        `${plan.sources.length} jobs, ${plan.sinks.length} sinks, ${plan.routes.length} routes`,
      );
    return Promise.resolve();
  },
});
