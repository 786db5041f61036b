/**
 * The flags of `amperage xray`: those of the X-Ray daemon under their long and short names, and
 * after them our own. The command's help, completion and reference page, and the reading of Go's
 * forms (go-flags.ts), come from this table.
 * Source: https://github.com/aws/aws-xray-daemon/blob/master/cmd/tracing/daemon.go (initCli)
 */

export interface XrayFlag {
  /** The long name with its two dashes. */
  readonly long: string;
  /** One letter, for a flag of the daemon. */
  readonly short?: string;
  /** The word for its value in the help; absent for a switch. */
  readonly value?: string;
  readonly about: string;
  readonly default?: string;
}

export const daemonFlags = [
  {
    long: '--resource-arn',
    short: 'a',
    value: 'arn',
    about: 'ARN of the AWS resource that it runs on, for telemetry records',
  },
  {
    long: '--local-mode',
    short: 'o',
    about: 'ask no metadata of ECS or of an EC2 instance for region, host name and instance',
  },
  {
    long: '--buffer-memory',
    short: 'm',
    value: 'mb',
    about:
      'memory in MB between the socket and the queue, at least 3 (default: 1% of the memory, at ' +
      'least 16)',
  },
  {
    long: '--region',
    short: 'n',
    value: 'region',
    about: 'region of X-Ray (default: AWS_REGION, the profile, metadata of ECS or EC2)',
  },
  {
    long: '--bind',
    short: 'b',
    value: 'host:port',
    about: 'UDP address for segments (default: 127.0.0.1:2000); :2000 is on all addresses',
  },
  {
    long: '--bind-tcp',
    short: 't',
    value: 'host:port',
    about: 'TCP address for requests of sampling rules (default: 127.0.0.1:2000)',
  },
  { long: '--role-arn', short: 'r', value: 'arn', about: 'role to assume, for another account' },
  { long: '--config', short: 'c', value: 'file', about: "file of the daemon's settings, cfg.yaml" },
  { long: '--log-file', short: 'f', value: 'file', about: 'write the log to this file' },
  {
    long: '--log-level',
    short: 'l',
    value: 'level',
    about: 'dev, debug, info, warn, error or prod, which is info (default: prod)',
  },
  {
    long: '--proxy-address',
    short: 'p',
    value: 'url',
    about: 'HTTP proxy on the way to X-Ray (default: HTTPS_PROXY)',
  },
  { long: '--version', short: 'v', about: 'show the version' },
] as const satisfies readonly XrayFlag[];

export const ownFlags = [
  {
    long: '--storage.path',
    value: 'dir',
    about:
      'folder of the queue, which holds the segments not sent yet (default: the first of ' +
      '/var/lib/amperage-xray, the temporary folder and /dev/shm that can be written, else memory)',
  },
  {
    long: '--disk-size-limit',
    value: 'size',
    about: 'largest size of the queue; above it the oldest segments are dropped and counted',
    default: '1GB',
  },
  {
    long: '--web.listen-address',
    value: 'host:port',
    about: 'address of /metrics, /-/healthy and /-/ready (default: none)',
  },
  {
    long: '--web.allowed-host',
    value: 'names',
    about:
      'names of the public DNS, separated by commas, by which it is asked for; others are ' +
      'refused, addresses and private names pass',
  },
  {
    long: '--stop-timeout',
    value: 'time',
    about: 'how long to go on sending after SIGTERM; set it below stopTimeout of the task',
    default: '20s',
  },
  {
    long: '--check',
    about:
      'ask the one that runs with the same flags, and exit with 0 if it answers, else 1: for ' +
      'container health checks',
  },
] as const satisfies readonly XrayFlag[];

/** Flags that all long-running commands have; each takes a value. */
const SHARED: readonly XrayFlag[] = [
  { long: '--log.level', value: 'level', about: '' },
  { long: '--log.format', value: 'format', about: '' },
  { long: '--log.totals-interval', value: 'time', about: '' },
  { long: '--tls.ca-file', value: 'file', about: '' },
];

export const allFlags: readonly XrayFlag[] = [...daemonFlags, ...ownFlags, ...SHARED];
