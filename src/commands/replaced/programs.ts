/** All programs that a command stands in for, and where the commands listen beside them. Pure. */
import {
  adot,
  ecsDiscovery,
  ecsExporter,
  sdconfigReloader,
  sigv4Proxy,
  xrayDaemon,
} from './others.ts';
import type { ReplacedProgram } from './program-table.ts';
import { prometheus } from './prometheus.ts';
import { vmagent } from './vmagent.ts';

export const PROGRAMS: readonly ReplacedProgram[] = [
  prometheus,
  vmagent,
  adot,
  ecsExporter,
  ecsDiscovery,
  sdconfigReloader,
  sigv4Proxy,
  xrayDaemon,
];

export interface ListeningDefault {
  readonly command: string;
  readonly flag: string;
  /** As the help of the flag writes it; `none`: it does not listen without the flag. */
  readonly address: string;
  readonly peer: string;
  readonly why: string;
}

const OWN_MACHINE = 'it is for this machine: a developer, a test';

export const LISTENING: readonly ListeningDefault[] = [
  {
    command: 'collect',
    flag: '--web.listen-address',
    address: '127.0.0.1:9090',
    peer: 'Prometheus 0.0.0.0:9090, vmagent :8429',
    why:
      'health checks of the task ask here; the pages name all targets, and nobody is ' +
      'asked for a password',
  },
  {
    command: 'collect',
    flag: '--shard.listen-address',
    address: ':9094',
    peer: '–',
    why:
      'the address of the task alone, with --shard ecs alone: the collectors of other ' +
      'tasks ask there',
  },
  {
    command: 'discover',
    flag: '--web.listen-address',
    address: '127.0.0.1:9001',
    peer: 'prometheus-sdconfig-reloader :9001',
    why: 'its reader runs in the same task',
  },
  {
    command: 'exporter',
    flag: '--web.listen-address',
    address: '0.0.0.0:9779',
    peer: 'ecs_exporter :9779',
    why: 'a collector in another task must reach it, and it serves figures alone',
  },
  {
    command: 'proxy',
    flag: '--port',
    address: '127.0.0.1:8080',
    peer: 'aws-sigv4-proxy :8080',
    why: 'whoever reaches it signs as you',
  },
  {
    command: 'proxy',
    flag: '--web.listen-address',
    address: 'none',
    peer: '–',
    why: 'nobody needs it where the task has no health check',
  },
  {
    command: 'xray',
    flag: '--bind',
    address: '127.0.0.1:2000',
    peer: 'X-Ray daemon 127.0.0.1:2000',
    why: 'as the daemon; its image gives 0.0.0.0:2000, and so may a task',
  },
  {
    command: 'xray',
    flag: '--bind-tcp',
    address: '127.0.0.1:2000',
    peer: 'X-Ray daemon 127.0.0.1:2000',
    why: 'the same; who reaches it asks X-Ray with your credentials',
  },
  {
    command: 'xray',
    flag: '--web.listen-address',
    address: 'none',
    peer: '–',
    why: 'the daemon has no such address',
  },
  {
    command: 'workspace',
    flag: '--web.listen-address',
    address: '127.0.0.1:9009',
    peer: '–',
    why: OWN_MACHINE,
  },
  {
    command: 'emulate',
    flag: '--web.listen-address',
    address: '127.0.0.1:4566',
    peer: '–',
    why: OWN_MACHINE,
  },
  {
    command: 'sample-app',
    flag: '--web.listen-address',
    address: '127.0.0.1:3000',
    peer: '–',
    why: OWN_MACHINE,
  },
];
