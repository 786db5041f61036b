/**
 * No secret is in what doctor tells, as text or as JSON: every field that a schema marks, of both
 * dialects, keys and tokens of the environment, what URLs hold, and what AWS sends back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationCheck } from '../../src/doctor/configuration.ts';
import { doctorChecks } from '../../src/doctor/checks.ts';
import { renderDiagnoses } from '../../src/doctor/report.ts';
import { rootOf } from '../../src/emulator/identities.ts';
import { serve } from '../kit/listen.ts';
import { examinePatient, healthyConfig, startPatient } from '../kit/patient.ts';
import { collectorSecrets, prometheusSecrets } from '../kit/secret-fields.ts';

function build(steps: readonly (string | 0)[], value: string): unknown {
  return steps.reduceRight<unknown>(
    (inner, step) => (step === 0 ? [inner] : { [step]: inner }),
    value,
  );
}

test('no field that a schema marks is told, in text or JSON', async (t) => {
  const patient = await startPatient(t);
  let told = 0;
  for (const field of [...prometheusSecrets, ...collectorSecrets])
    for (const secret of ['hush-71', 'p@ss:w/rd?x=9', 'first hush-77\nhush-78\n']) {
      const config = JSON.stringify(build(field, secret));
      const found = await examinePatient(t, patient, {
        config,
        checks: [
          configurationCheck,
          // Says what a careless check would say.
          { ...configurationCheck, look: (_, tell) => (tell.ok(config), Promise.resolve()) },
        ],
      });
      const text = renderDiagnoses(found, doctorChecks, 'c.yml') + JSON.stringify(found);
      for (const part of secret.trim().split('\n')) assert.ok(!text.includes(part), text);
      told += found.length;
    }
  assert.ok(told > 600, String(told));
});

test('neither keys, tokens nor what URLs hold are told', async (t) => {
  const patient = await startPatient(t);
  const issued = patient.aws.cloud.identities.issue(
    patient.aws.cloud.nowMs(),
    3_600_000,
    rootOf(patient.aws.cloud.accountId),
  );
  const careless = await serve(t, (request, response) => {
    const { authorization = '', 'x-amz-security-token': token = '' } = request.headers;
    response.writeHead(403, { 'content-type': 'application/json' });
    const lines = [
      'host:other',
      `x-amz-security-token:${String(token)}`,
      `x-copy:${String(token)}`,
    ];
    const canonical = `POST\n/\n\n${lines.join('\n')}\n\nhost`;
    const message =
      'The request signature we calculated does not match. The Canonical String for this request ' +
      `should have been\n'${canonical}'\n${authorization} Bearer hush-token-123`;
    response.end(JSON.stringify({ message }));
  });
  const config = healthyConfig(patient)
    .replace(/url: http:\/\/127\.0\.0\.1:\d+/, `url: ${careless.url}`)
    .replace(
      'static_configs',
      "basic_auth: { username: u, password: '${env:MY_WORD}' }\n    static_configs",
    )
    .replace(`'${patient.target.host}'`, `'${patient.target.host}', '127.0.0.1:1'`)
    .replace('job_name: app', 'job_name: app\n    params: { token: [query-hush-1] }');
  const found = await examinePatient(t, patient, {
    config,
    env: {
      AWS_ACCESS_KEY_ID: issued.accessKeyId,
      AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
      AWS_SESSION_TOKEN: issued.sessionToken,
      MY_WORD: 'word-of-mine-9',
      API_TOKEN: 'api-token-of-mine',
    },
  });
  const text = renderDiagnoses(found, doctorChecks, 'c.yml') + JSON.stringify(found);
  assert.match(text, /signature-altered/);
  assert.match(text, /target-refused/);
  for (const secret of [
    issued.secretAccessKey,
    issued.sessionToken,
    'word-of-mine-9',
    'api-token-of-mine',
    'hush-token-123',
    'query-hush-1',
  ])
    assert.ok(!text.includes(secret), `${secret} in ${text}`);
});
