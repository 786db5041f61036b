/**
 * A place for doctor to look at: an emulated AWS with a workspace that takes signed writes, a
 * target with metrics and a folder for queues, all of them well, and a configuration that uses
 * them. A test plants one fault and reads what doctor finds.
 */
import { lookup } from 'node:dns';
import { writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { LocalWorkspaces } from '../../src/commands/emulate/local-workspaces.ts';
import { checkConfigText } from '../../src/config/load.ts';
import { CallLimits } from '../../src/discovery/call-limits.ts';
import { Asking } from '../../src/doctor/asking.ts';
import type { Diagnosis, DoctorCheck } from '../../src/doctor/check.ts';
import { doctorChecks } from '../../src/doctor/checks.ts';
import { examine } from '../../src/doctor/examine.ts';
import type { DoctorEdges, DoctorSubject } from '../../src/doctor/subject.ts';
import { listNetworkUses } from '../../src/doctor/uses.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createHttpClient } from '../../src/kernel/http-client.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { Registry } from '../../src/kernel/metrics.ts';
import type { World } from '../../src/kernel/world.ts';
import { type EmulatedAws, startEmulatedAws } from './emulated-aws.ts';
import { setEnvironment } from './environment.ts';
import { temporaryFolder } from './folder.ts';
import { type Listening, serve } from './listen.ts';
import { until } from './waiting.ts';

export interface Patient {
  readonly aws: EmulatedAws;
  /** Its id. */
  readonly workspace: string;
  readonly target: Listening;
  readonly folder: string;
  readonly world: World;
}

/** Everything is well, until the test ends. */
export async function startPatient(context: TestContext): Promise<Patient> {
  const folder = temporaryFolder(context);
  const http = createHttpClient();
  const world: World = { clock: systemClock, log: silentLogger, metrics: new Registry(), http };
  const store = path.join(folder, 'workspaces');
  const host = new LocalWorkspaces({ folder: store, isTemporary: true, world });
  const aws = await startEmulatedAws(host);
  context.after(async () => {
    await aws.close();
    await host.stop();
    await http.close();
  });
  setEnvironment(context, {
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: path.join(folder, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(folder, 'no-credentials'),
    AWS_ENDPOINT_URL: aws.url,
  });
  const workspace = await makeWorkspace(aws);
  const target = await serve(context, (_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end('# TYPE requests_total counter\nrequests_total{code="200"} 7\n');
  });
  return { aws, workspace, target, folder, world };
}

/** @returns  the id of a workspace that is ACTIVE */
async function makeWorkspace({ account, cloud }: EmulatedAws): Promise<string> {
  const { id, status } = await account.amp.createWorkspace({ tags: {} });
  await until('the workspace is ACTIVE', 10_000, () => status.codeAt(cloud.nowMs()) === 'ACTIVE');
  return id;
}

/** The configuration of a patient that is well. */
export function healthyConfig({ aws, workspace, target }: Patient): string {
  return `
global: { scrape_interval: 15s, external_labels: { team: a } }
scrape_configs:
  - job_name: app
    static_configs: [{ targets: ['${target.host}'] }]
remote_write:
  - url: ${aws.url}/workspaces/${workspace}/api/v1/remote_write
    name: amp
    sigv4: { region: us-east-1 }
    queue_config: { sample_age_limit: 59m, disk_size_limit: 1MB }
`;
}

export interface ExamineOptions {
  readonly config?: string;
  readonly checks?: readonly DoctorCheck[];
  readonly edges?: Partial<DoctorEdges>;
  readonly subject?: Partial<DoctorSubject>;
  /** Of the environment: '' takes a variable away. */
  readonly env?: Readonly<Record<string, string>>;
}

const EDGES: DoctorEdges = { resolve: lookup, statFileSystem: (folder) => statfs(folder) };

/** What doctor finds, with a configuration in a file of the patient's folder. */
export async function examinePatient(
  context: TestContext,
  patient: Patient,
  options: ExamineOptions = {},
): Promise<readonly Diagnosis[]> {
  const { config = healthyConfig(patient), checks = doctorChecks, edges, env = {} } = options;
  setEnvironment(context, env);
  for (const [name, value] of Object.entries(env)) if (value === '') delete process.env[name];
  const { world, folder } = patient;
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(file, config);
  const checked = await checkConfigText(config, file, {});
  const asking = new Asking(world, process.env);
  try {
    return await examine(checks, {
      world,
      callLimits: new CallLimits(world.clock, world.metrics),
      env: process.env,
      checked,
      configName: 'prometheus.yml',
      baseDirectory: folder,
      storagePath: path.join(folder, 'queues'),
      collectorUrl: 'http://127.0.0.1:1',
      uses: checked.plan === undefined ? [] : listNetworkUses(checked.plan),
      asking,
      edges: { ...EDGES, ...edges },
      ...options.subject,
    });
  } finally {
    await asking.close();
  }
}
