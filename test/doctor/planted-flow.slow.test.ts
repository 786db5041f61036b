/** Planted faults of permissions, workspaces, queues and targets. */
import { mkdirSync, type StatsFs, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/kernel/clock.ts';
import { takeLock } from '../../src/queue/lock.ts';
import { makeAuthority, startTlsServer } from '../kit/authority.ts';
import { listen, serve } from '../kit/listen.ts';
import type { ExamineOptions, Patient } from '../kit/patient.ts';
import { freePort } from '../kit/processes.ts';
import { edited, silent, testPlanted } from './planting.ts';

function serveText(t: TestContext, text: string, type = 'text/plain; version=0.0.4') {
  return serve(t, (_, response) => {
    response.setHeader('content-type', type);
    response.end(text);
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

testPlanted([
  {
    fault: 'a missing action',
    id: 'permission-missing',
    remedy: /"Action": "servicediscovery:ListServices"/,
    says: /ListServices on \* is not allowed to arn:aws:iam::000000000000:root/,
    also: ['discovery-failed'],
    plant: (patient) => {
      patient.aws.cloud.trouble.set({
        only: ['GetCallerIdentity', 'ListNamespaces', 'DiscoverInstances', 'RemoteWrite'],
      });
      return edited(
        patient,
        'remote_write:',
        '  - job_name: map\n    cloudmap_sd_configs: ' +
          `[{ namespaces: [apps], endpoint: '${patient.aws.url}' }]\nremote_write:`,
      );
    },
  },
  {
    fault: 'a wrong workspace',
    id: 'workspace-unknown',
    remedy: /list-workspaces/,
    plant: (patient) =>
      edited(patient, patient.workspace, 'ws-99999999-2222-3333-4444-555555555555'),
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
      const tls = `tls_config: { ca_file: '${ca}', server_name: other.example }`;
      const job = `job_name: app\n    scheme: https\n    ${tls}`;
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
        'job_name: app\n    metric_relabel_configs: ' +
          '[{ source_labels: [__name__], regex: requests, action: keep }]',
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
        'name: amp\n    write_relabel_configs: ' +
          '[{ source_labels: [job], regex: ap, action: keep }]',
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
]);
