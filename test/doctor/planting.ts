/** A planted fault: what a test makes ill in a patient that is well, and what doctor finds. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { doctorChecks } from '../../src/doctor/checks.ts';
import { renderDiagnoses } from '../../src/doctor/report.ts';
import {
  examinePatient,
  type ExamineOptions,
  healthyConfig,
  type Patient,
  startPatient,
} from '../kit/patient.ts';

export interface Planted {
  readonly fault: string;
  /** Of the finding. */
  readonly id: string;
  /** Of its remedy. */
  readonly remedy: RegExp;
  /** Of what it says of the case at hand. */
  readonly says?: RegExp;
  /** Of other findings that the fault brings with it. */
  readonly also?: readonly string[];
  readonly plant: (patient: Patient, t: TestContext) => ExamineOptions | Promise<ExamineOptions>;
}

/** The healthy configuration with one text in the place of another. */
export function edited(patient: Patient, from: string | RegExp, to: string): ExamineOptions {
  const healthy = healthyConfig(patient);
  const config = healthy.replace(from, to);
  assert.notEqual(config, healthy);
  return { config };
}

/** A server that takes connections and never answers. */
export function silent(): Server {
  return createServer(() => undefined);
}

/** A test for each: the fault is found, with its remedy, and nothing that it does not bring. */
export function testPlanted(rows: readonly Planted[]): void {
  for (const row of rows)
    test(`found: ${row.fault}`, async (t) => {
      const patient = await startPatient(t);
      const found = await examinePatient(t, patient, await row.plant(patient, t));
      const text = renderDiagnoses(found, doctorChecks, 'prometheus.yml');
      const [one] = found.filter(({ id }) => id === row.id);
      assert.ok(one, text);
      assert.match(one.remedy, row.remedy);
      if (row.says !== undefined)
        assert.match([one.where, one.what, ...one.evidence].join('\n'), row.says);
      assert.ok(existsSync(path.join('docs', one.documentation)), one.documentation);
      const others = found.filter(
        ({ id, severity }) => (severity === 'error' || severity === 'warning') && id !== row.id,
      );
      assert.deepEqual([...new Set(others.map(({ id }) => id))], row.also ?? [], text);
    });
}
