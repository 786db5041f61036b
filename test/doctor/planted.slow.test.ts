/**
 * Planted faults: each is found, with the remedy that a reader needs, and is not found in a set-up
 * that is well but for the other things a row says.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { StatsFs } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { doctorChecks } from '../../src/doctor/checks.ts';
import { renderDiagnoses } from '../../src/doctor/report.ts';
import { rootOf } from '../../src/emulator/identities.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { takeLock } from '../../src/queue/lock.ts';
import { makeAuthority, startTlsServer } from '../kit/authority.ts';
import { freePort } from '../kit/processes.ts';
import { listen, serve } from '../kit/listen.ts';
import {
  examinePatient,
  type ExamineOptions,
  healthyConfig,
  type Patient,
  startPatient,
  WORKSPACE_ID,
} from '../kit/patient.ts';

interface Planted {
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
function edited(patient: Patient, from: string | RegExp, to: string): ExamineOptions {
  const healthy = healthyConfig(patient);
  const config = healthy.replace(from, to);
  assert.notEqual(config, healthy);
  return { config };
}

function serveText(t: TestContext, text: string, type = 'text/plain; version=0.0.4') {
  return serve(t, (_, response) => {
    response.setHeader('content-type', type);
    response.end(text);
  });
}

/** A server that takes connections and never answers. */
function silent(): Server {
  return createServer(() => undefined);
}

/** Passes requests on as a careless proxy does: with the Host of where it sends them. */
function forward(t: TestContext, to: string) {
  return serve(t, (incoming, outgoing) => {
    const { host: _, ...headers } = incoming.headers;
    const { method = 'GET', url = '/' } = incoming;
    const request = httpRequest(new URL(url, to), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    request.on('error', () => outgoing.destroy());
    incoming.pipe(request);
  });
}

function limitSeries(patient: Patient, t: TestContext): Promise<ExamineOptions> {
  return serve(t, (_, response) => {
    response.writeHead(429).end('per-user series limit of 50000000 exceeded');
  }).then(({ url }) => edited(patient, /url: http:\/\/127\.0\.0\.1:\d+/, `url: ${url}`));
}

function freeBlocks(bavail: number): StatsFs {
  return { bavail, bsize: 4_096 } as StatsFs;
}

/** With a certificate of localhost and 127.0.0.1. */
async function serveTls(t: TestContext, { folder }: Patient) {
  const authority = makeAuthority(folder, 'authority');
  const port = await startTlsServer(t, authority, (_, response) => response.end());
  return { host: `127.0.0.1:${port}`, ca: authority.file };
}

const rows: readonly Planted[] = [
  {
    fault: 'an unknown key in the configuration',
    id: 'configuration-refused',
    remedy: /check config/,
    says: /prometheus\.yml:2:11\n.*scrape_interva\b/,
    plant: (patient) => edited(patient, 'scrape_interval', 'scrape_interva'),
  },
  {
    fault: 'a job that goes nowhere',
    id: 'configuration-loose-end',
    remedy: /sink/,
    plant: (patient) => ({ config: healthyConfig(patient).split('remote_write:')[0] ?? '' }),
  },
  {
    fault: 'samples that are sent to AMP whatever their age',
    id: 'sample-age-above-amp',
    remedy: /at most 1h/,
    plant: (patient) => edited(patient, 'sample_age_limit: 59m', 'sample_age_limit: 3h'),
  },
  {
    fault: 'a job that is scraped each ten minutes',
    id: 'interval-gaps',
    remedy: /2m/,
    plant: (patient) => edited(patient, 'scrape_interval: 15s', 'scrape_interval: 10m'),
  },
  {
    fault: 'exemplars that AMP does not keep',
    id: 'exemplars-not-kept',
    remedy: /send_exemplars/,
    plant: (patient) => edited(patient, 'name: amp', 'name: amp\n    send_exemplars: true'),
  },
  {
    fault: 'two regions in the environment',
    id: 'region-two-variables',
    remedy: /both to the same/,
    plant: () => ({ env: { AWS_DEFAULT_REGION: 'eu-west-1' } }),
  },
  {
    fault: 'a region that is none',
    id: 'region-odd',
    remedy: /us-east-1/,
    also: ['signature-region'],
    plant: (patient) => edited(patient, 'region: us-east-1', 'region: virginia'),
  },
  {
    fault: 'a wrong region',
    id: 'signature-region',
    remedy: /sigv4\.region/,
    says: /us-east-1/,
    plant: (patient) => edited(patient, 'region: us-east-1', 'region: eu-west-1'),
  },
  {
    fault: 'a wrong service',
    id: 'signature-service',
    remedy: /service_name/,
    plant: (patient) =>
      edited(patient, 'region: us-east-1', 'region: us-east-1, service_name: xray'),
  },
  {
    fault: 'a host that DNS does not know',
    id: 'name-unresolved',
    remedy: /Cloud Map/,
    says: /gone\.example/,
    plant: (patient) => ({
      ...edited(patient, /url: http:\/\/127\.0\.0\.1:\d+/, 'url: http://gone.example'),
      edges: {
        resolve: ((_name: string, _options: unknown, done: (error: Error) => void) =>
          done(
            Object.assign(new Error('queryA ENOTFOUND gone.example'), { code: 'ENOTFOUND' }),
          )) as never,
      },
    }),
  },
  {
    fault: 'name servers that do not answer',
    id: 'name-server-silent',
    remedy: /resolv\.conf/,
    plant: (patient) => ({
      ...edited(patient, /url: http:\/\/127\.0\.0\.1:\d+/, 'url: http://gone.example'),
      edges: {
        resolve: ((_name: string, _options: unknown, done: (error: Error) => void) =>
          done(Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' }))) as never,
      },
    }),
  },
  {
    fault: 'a closed port of the receiver',
    id: 'endpoint-refused',
    remedy: /host and port/,
    plant: async (patient) =>
      edited(
        patient,
        /url: http:\/\/127\.0\.0\.1:\d+/,
        `url: http://127.0.0.1:${await freePort()}`,
      ),
  },
  {
    fault: 'a receiver that does not answer',
    id: 'endpoint-timeout',
    remedy: /security group[^]*VPC endpoint/,
    plant: async (patient, t) => {
      const { url } = await listen(t, silent());
      return edited(patient, /url: http:\/\/127\.0\.0\.1:\d+/, `url: ${url}`);
    },
  },
  {
    fault: 'http where the receiver has TLS not',
    id: 'endpoint-tls',
    remedy: /http:\/\//,
    plant: (patient) => edited(patient, 'url: http:', 'url: https:'),
  },
  {
    fault: 'half of the keys',
    id: 'credentials-partial',
    remedy: /both, or neither/,
    says: /AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not/,
    plant: () => ({ env: { AWS_SECRET_ACCESS_KEY: '' } }),
  },
  {
    fault: 'no credentials',
    id: 'credentials-none',
    remedy: /taskRoleArn/,
    says: /container: .* not set/,
    plant: () => ({ env: { AWS_SECRET_ACCESS_KEY: '', AWS_ACCESS_KEY_ID: '' } }),
  },
  {
    fault: 'a profile that is not there',
    id: 'credentials-profile-missing',
    remedy: /list-profiles/,
    says: /profile "prod": no such profile/,
    plant: () => ({ env: { AWS_PROFILE: 'prod' } }),
  },
  {
    fault: 'a session of SSO that has ended',
    id: 'credentials-sso-expired',
    remedy: /aws sso login/,
    plant: ({ folder }) => {
      const file = path.join(folder, 'config');
      writeFileSync(
        file,
        '[profile dev]\nsso_session = corp\nsso_account_id = 000000000000\nsso_role_name = r\n' +
          '[sso-session corp]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n',
      );
      return { env: { AWS_PROFILE: 'dev', AWS_CONFIG_FILE: file, HOME: folder } };
    },
  },
  {
    fault: 'a key that AWS does not know',
    id: 'credentials-unknown-key',
    remedy: /access key/,
    plant: () => ({ env: { AWS_ACCESS_KEY_ID: 'AKIADELETED00000000' } }),
  },
  {
    fault: 'an endpoint of credentials that does not answer',
    id: 'credentials-container-unreachable',
    remedy: /NO_PROXY/,
    plant: async () => ({
      env: {
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${await freePort()}/v2/credentials/r`,
      },
    }),
  },
  {
    fault: 'an endpoint of credentials that gives none',
    id: 'credentials-container-refused',
    remedy: /ecs-tasks\.amazonaws\.com/,
    says: /answered 500/,
    plant: ({ aws }) => {
      aws.cloud.trouble.set({ credentialsStatus: 500 });
      return {
        env: {
          AWS_ACCESS_KEY_ID: '',
          AWS_SECRET_ACCESS_KEY: '',
          AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/v2/credentials/task`,
        },
      };
    },
  },
  {
    fault: 'a hop limit of 1',
    id: 'credentials-hop-limit',
    remedy: /http-put-response-hop-limit 2/,
    plant: async (_, t) => ({
      env: {
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_EC2_METADATA_DISABLED: '',
        AWS_EC2_METADATA_SERVICE_ENDPOINT: (await listen(t, silent())).url,
      },
    }),
  },
  {
    fault: 'temporary keys that were revoked',
    id: 'credentials-unknown-key',
    remedy: /ASIA/,
    plant: ({ aws }) => {
      const issued = aws.cloud.identities.issue(
        aws.cloud.nowMs(),
        3_600_000,
        rootOf(aws.cloud.accountId),
      );
      aws.cloud.identities.revoke();
      return {
        env: {
          AWS_ACCESS_KEY_ID: issued.accessKeyId,
          AWS_SECRET_ACCESS_KEY: issued.secretAccessKey,
          AWS_SESSION_TOKEN: issued.sessionToken,
        },
      };
    },
  },
  {
    fault: 'a clock that is an hour off',
    id: 'clock-wrong',
    remedy: /169\.254\.169\.123/,
    says: /1h.* behind/,
    plant: ({ aws }) => {
      aws.cloud.trouble.set({ skewMs: 3_630_000 });
      return {};
    },
  },
  {
    fault: 'a clock that is two minutes off',
    id: 'clock-drifts',
    remedy: /time service/,
    says: /2m.* ahead/,
    plant: ({ aws }) => {
      aws.cloud.trouble.set({
        skewMs: -150_000,
        // The answers that succeed have the time of this machine.
        faults: [{ action: 'GetCallerIdentity', code: 'AccessDenied', status: 403 }],
      });
      return {};
    },
  },
  {
    fault: 'a wrong secret',
    id: 'signature-secret',
    remedy: /Write the secret again/,
    says: /same canonical request/,
    plant: () => ({ env: { AWS_SECRET_ACCESS_KEY: 'another-secret-of-somebody' } }),
  },
  {
    fault: 'a proxy that rewrites the Host header',
    id: 'signature-altered',
    remedy: /keep the Host header/,
    says: /^- host:127\.0\.0\.1:\d+$[^]*^\+ host:127\.0\.0\.1:\d+$/m,
    plant: async (patient, t) => {
      const { url } = await forward(t, patient.workspaceUrl);
      return edited(patient, /url: http:\/\/127\.0\.0\.1:\d+/, `url: ${url}`);
    },
  },
  {
    fault: 'a missing action',
    id: 'permission-missing',
    remedy: /"Action": "servicediscovery:ListServices"/,
    says: /ListServices on \* is not allowed to arn:aws:iam::000000000000:root/,
    also: ['discovery-failed'],
    plant: (patient) => {
      patient.aws.cloud.trouble.set({
        only: ['GetCallerIdentity', 'ListNamespaces', 'DiscoverInstances'],
      });
      return edited(
        patient,
        'remote_write:',
        `  - job_name: map\n    cloudmap_sd_configs: [{ namespaces: [apps], endpoint: '${patient.aws.url}' }]\nremote_write:`,
      );
    },
  },
  {
    fault: 'a wrong workspace',
    id: 'workspace-unknown',
    remedy: /list-workspaces/,
    plant: (patient) => edited(patient, WORKSPACE_ID, 'ws-99999999-2222-3333-4444-555555555555'),
  },
  {
    fault: 'a URL that is not where AMP takes samples',
    id: 'workspace-path',
    remedy: /api\/v1\/remote_write/,
    plant: (patient) => edited(patient, '/api/v1/remote_write', '/api/v1/write'),
  },
  {
    fault: 'a limit of series that is reached',
    id: 'workspace-refuses',
    remedy: /Service Quotas/,
    says: /429/,
    plant: (patient, t) => limitSeries(patient, t),
  },
  {
    fault: 'a folder that cannot be written',
    id: 'queue-unwritable',
    remedy: /--storage\.path/,
    plant: ({ folder }) => {
      writeFileSync(path.join(folder, 'file'), '');
      return { subject: { storagePath: path.join(folder, 'file/queues') } };
    },
  },
  {
    fault: 'a full disk',
    id: 'disk-full',
    remedy: /Free the disk/,
    plant: () => ({ edges: { statFileSystem: () => Promise.resolve(freeBlocks(10)) } }),
  },
  {
    fault: 'a disk that the queues may fill',
    id: 'disk-small',
    remedy: /disk_size_limit/,
    plant: (patient) => ({
      ...edited(patient, 'disk_size_limit: 1MB', 'disk_size_limit: 10GB'),
      edges: { statFileSystem: () => Promise.resolve(freeBlocks(1_000_000)) },
    }),
  },
  {
    fault: 'a queue that another process has',
    id: 'queue-locked',
    remedy: /folder of its own/,
    says: /in use by process \d+/,
    plant: async ({ folder }, t) => {
      const directory = path.join(folder, 'queues/amp');
      mkdirSync(directory, { recursive: true });
      const lock = await takeLock(directory, systemClock);
      t.after(() => lock.release());
      return {};
    },
  },
  {
    fault: 'a queue with a damaged cursor',
    id: 'queue-damaged',
    remedy: /passed over|why the disk/,
    plant: ({ folder }) => {
      const directory = path.join(folder, 'queues/amp');
      mkdirSync(directory, { recursive: true });
      writeFileSync(path.join(directory, 'cursor'), 'half a cur');
      return {};
    },
  },
  {
    fault: 'a job that finds nothing',
    id: 'targets-none',
    remedy: /check service-discovery/,
    plant: (patient) =>
      edited(patient, /static_configs: .*/, "file_sd_configs: [{ files: ['none-*.json'] }]"),
  },
  {
    fault: 'a closed port of a target',
    id: 'target-refused',
    remedy: /0\.0\.0\.0/,
    plant: async (patient) =>
      edited(patient, `'${patient.target.host}'`, `'127.0.0.1:${await freePort()}'`),
  },
  {
    fault: 'a target that does not answer',
    id: 'target-timeout',
    remedy: /security group/,
    plant: async (patient, t) =>
      edited(patient, `'${patient.target.host}'`, `'${(await listen(t, silent())).host}'`),
  },
  {
    fault: 'a target with a web page',
    id: 'target-not-metrics',
    remedy: /metrics_path/,
    plant: async (patient, t) => {
      const { host } = await serveText(t, '<!doctype html><p>hello</p>', 'text/html');
      return edited(patient, `'${patient.target.host}'`, `'${host}'`);
    },
  },
  {
    fault: 'a target with another path',
    id: 'target-status',
    remedy: /metrics_path/,
    says: /404/,
    plant: async (patient, t) => {
      const { host } = await serve(t, (_, response) => response.writeHead(404).end());
      return edited(patient, `'${patient.target.host}'`, `'${host}'`);
    },
  },
  {
    fault: 'a target without TLS where the job wants it',
    id: 'target-tls',
    remedy: /http where the target has no TLS/,
    plant: (patient) => edited(patient, 'job_name: app', 'job_name: app\n    scheme: https'),
  },
  {
    fault: 'a certificate of another name',
    id: 'target-tls',
    remedy: /server_name/,
    says: /altnames|ALTNAME/i,
    plant: async (patient, t) => {
      const { host, ca } = await serveTls(t, patient);
      const job = `job_name: app\n    scheme: https\n    tls_config: { ca_file: '${ca}', server_name: other.example }`;
      const { config = '' } = edited(patient, `'${patient.target.host}'`, `'${host}'`);
      return { config: config.replace('job_name: app', job) };
    },
  },
  {
    fault: 'metric relabelling that drops everything',
    id: 'series-all-dropped',
    remedy: /whole value/,
    plant: (patient) =>
      edited(
        patient,
        'job_name: app',
        'job_name: app\n    metric_relabel_configs: [{ source_labels: [__name__], regex: requests, action: keep }]',
      ),
  },
  {
    fault: 'write relabelling that drops everything',
    id: 'write-drops-all',
    remedy: /that sink/,
    plant: (patient) =>
      edited(
        patient,
        'name: amp',
        'name: amp\n    write_relabel_configs: [{ source_labels: [job], regex: ap, action: keep }]',
      ),
  },
  {
    fault: 'samples that are too old',
    id: 'samples-too-old',
    remedy: /honor_timestamps/,
    plant: async (patient, t) => {
      const { host } = await serveText(t, `a 1 ${Date.now() - 2 * 3_600_000}\n`);
      return edited(patient, `'${patient.target.host}'`, `'${host}'`);
    },
  },
  {
    fault: 'more labels than AMP takes',
    id: 'labels-above-amp',
    remedy: /labeldrop/,
    plant: async (patient, t) => {
      const labels = Array.from({ length: 160 }, (_, index) => `l${index}="x"`).join(',');
      const { host } = await serveText(t, `a{${labels}} 1\n`);
      return edited(patient, `'${patient.target.host}'`, `'${host}'`);
    },
  },
  {
    fault: 'one of a pair without the name of the pair',
    id: 'replica-without-cluster',
    remedy: /external_labels/,
    plant: (patient) => edited(patient, '{ team: a }', '{ __replica__: one }'),
  },
];

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
