/**
 * What doctor prints for people: the errors, then the warnings, each with its place, its evidence
 * and its remedy; then what is well and what could not be looked at, a line each.
 */
import type { Diagnosis, DiagnosisSeverity, DoctorCheck } from './check.ts';

const WORDS: Readonly<Record<DiagnosisSeverity, string>> = {
  error: 'ERROR',
  warning: 'WARNING',
  ok: 'ok',
  skipped: 'skipped',
};

/** @param checks  in their order: what others stand on comes first */
export function renderDiagnoses(
  diagnoses: readonly Diagnosis[],
  checks: readonly DoctorCheck[],
  subjectName: string,
): string {
  const lines: string[] = [];
  for (const severity of ['error', 'warning'] as const)
    for (const check of checks)
      for (const one of diagnoses)
        if (one.severity === severity && one.check === check.id)
          lines.push(...renderFault(one), '');
  for (const severity of ['ok', 'skipped'] as const)
    for (const one of diagnoses) if (one.severity === severity) lines.push(...renderLine(one));
  const count = (severity: DiagnosisSeverity): number =>
    diagnoses.filter((one) => one.severity === severity).length;
  lines.push(
    '',
    `${subjectName}: ${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ` +
      `${count('ok')} ok, ${count('skipped')} skipped`,
  );
  return `${lines.join('\n').replace(/^\n+/, '')}\n`;
}

function renderFault(one: Diagnosis): readonly string[] {
  const place = one.where === '' ? '' : `${one.where}: `;
  return [
    `${WORDS[one.severity]} ${place}${one.what} [${one.id}]`,
    ...one.evidence.flatMap((line) => line.split('\n')).map((line) => `  | ${line}`),
    ...(one.remedy === '' ? [] : indent(one.remedy)),
    ...(one.documentation === '' ? [] : [`  see docs/${one.documentation}`]),
  ];
}

function indent(remedy: string): readonly string[] {
  const [first = '', ...more] = remedy.split('\n');
  return [`  do: ${first}`, ...more.map((line) => `      ${line}`)];
}

function renderLine(one: Diagnosis): readonly string[] {
  const more = one.evidence.flatMap((line) => line.split('\n')).map((line) => `    | ${line}`);
  return [`${WORDS[one.severity]} ${one.check}: ${one.what}`, ...more];
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
