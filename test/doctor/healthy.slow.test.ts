/** A set-up that is well has no findings: no false alarm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderDiagnoses } from '../../src/doctor/report.ts';
import { doctorChecks } from '../../src/doctor/checks.ts';
import { examinePatient, startPatient } from '../kit/patient.ts';

test('a set-up that is well has neither errors nor warnings', async (t) => {
  const patient = await startPatient(t);
  const found = await examinePatient(t, patient);
  const text = renderDiagnoses(found, doctorChecks, 'prometheus.yml');
  const faults = found.filter(({ severity }) => severity === 'error' || severity === 'warning');
  assert.deepEqual(faults, [], text);
});
