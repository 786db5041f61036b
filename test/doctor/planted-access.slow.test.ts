/** Planted faults of the configuration and of what comes before AWS takes a request. */
import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { rootOf } from '../../src/emulator/identities.ts';
import { listen, serve } from '../kit/listen.ts';
import { healthyConfig } from '../kit/patient.ts';
import { freePort } from '../kit/processes.ts';
import { edited, silent, testPlanted } from './planting.ts';

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

testPlanted([
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
          '[sso-session corp]\nsso_start_url = https://example.awsapps.com/start\n' +
          'sso_region = us-east-1\n',
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
    says: /2m.* behind/,
    plant: ({ aws }) => {
      aws.cloud.trouble.set({
        skewMs: 150_000,
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
      const { url } = await forward(t, patient.aws.url);
      return edited(patient, /url: http:\/\/127\.0\.0\.1:\d+/, `url: ${url}`);
    },
  },
  {
    fault: 'task metadata that do not answer',
    id: 'task-metadata-silent',
    remedy: /169\.254\.170\.2/,
    plant: async () => ({
      env: { ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${await freePort()}/v4/x` },
    }),
  },
  {
    fault: 'a task without a role',
    id: 'task-role-absent',
    remedy: /taskRoleArn/,
    also: ['credentials-none', 'task-metadata-silent'],
    plant: async () => ({
      env: {
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${await freePort()}/v4/x`,
      },
    }),
  },
]);
