/**
 * The programs with few flags: the ADOT collector, ecs_exporter, prometheus-ecs-discovery,
 * prometheus-sdconfig-reloader, aws-sigv4-proxy and the X-Ray daemon. Pure.
 */
import { daemonFlags } from '../xray/flag-table.ts';
import { always, AWS_VARIABLES, GO_RUNTIME, idle, OWN, refused } from './program-table.ts';
import type { ReplacedProgram } from './program-table.ts';

/** The levels of the Collector above ERROR are none here. */
function readCollectorLevel(text: string): string {
  const level = text.toLowerCase();
  return /^(?:dpanic|panic|fatal)$/.test(level) ? 'error' : level;
}

export const adot: ReplacedProgram = {
  name: 'ADOT collector',
  command: 'collect',
  source: 'https://github.com/aws-observability/aws-otel-collector',
  dashes: '--',
  flags: [
    { fate: OWN, values: 'config', switches: 'version' },
    {
      fate: { is: 'source', as: 'a part of the configuration, after all of --config' },
      values: 'set',
    },
    {
      fate: idle(
        'gates are of the code of the Collector; what a configuration asks for here is told by ' +
          '"amperage check config"',
      ),
      values: 'feature-gates@0.22',
    },
    { fate: { is: 'as', flag: '--log.level', read: readCollectorLevel }, values: 'log-level' },
    {
      fate: idle('--log.format is the form of a log line'),
      values: 'log-format log-profile',
    },
    {
      fate: idle('own metrics are always served at /metrics of --web.listen-address'),
      values: 'metrics-addr metrics-level metrics-prefix',
      switches: 'new-metrics legacy-metrics add-instance-id',
    },
    { fate: GO_RUNTIME.fate, values: 'mem-ballast-size-mib' },
  ],
  environment: [
    { fate: OWN, tells: true, values: 'AOT_CONFIG_CONTENT' },
    { fate: OWN, values: 'OTEL_RESOURCE_ATTRIBUTES' },
    { fate: always('there is no other way to run'), values: 'RUN_IN_CONTAINER' },
    AWS_VARIABLES,
    GO_RUNTIME,
  ],
};

export const ecsExporter: ReplacedProgram = {
  name: 'ecs_exporter',
  command: 'exporter',
  source: 'https://github.com/prometheus-community/ecs_exporter',
  dashes: '--',
  flags: [
    {
      fate: OWN,
      values: 'web.listen-address web.telemetry-path web.config.file log.level log.format',
      switches: 'web.disable-exporter-metrics web.systemd-socket@0.2 version',
    },
  ],
  environment: [{ fate: OWN, values: 'ECS_CONTAINER_METADATA_URI_V4' }, GO_RUNTIME],
};

export const ecsDiscovery: ReplacedProgram = {
  name: 'prometheus-ecs-discovery',
  command: 'discover',
  source: 'https://github.com/teralytics/prometheus-ecs-discovery',
  dashes: '-',
  flags: [
    {
      fate: OWN,
      values:
        'config.cluster config.write-to config.scrape-interval config.scrape-times ' +
        'config.role-arn ' +
        'config.port-label config.path-label config.scheme-label config.filter-label ' +
        'config.server-name-label config.job-name-label',
      switches: 'config.dynamic-port-detection',
    },
  ],
  environment: [AWS_VARIABLES, GO_RUNTIME],
};

export const sdconfigReloader: ReplacedProgram = {
  name: 'prometheus-sdconfig-reloader',
  command: 'discover',
  source: 'https://github.com/aws-samples/prometheus-for-ecs',
  dashes: '--',
  flags: [],
  environment: [
    {
      fate: OWN,
      tells: true,
      values:
        'SERVICE_DISCOVERY_MODE DISCOVERY_NAMESPACES_PARAMETER_NAME CONFIG_RELOAD_FREQUENCY ' +
        'PROMETHEUS_CONFIG_PARAMETER_NAME',
    },
    { fate: OWN, values: 'CONFIG_FILE_DIR DEPLOYMENT_MODE' },
    AWS_VARIABLES,
    GO_RUNTIME,
  ],
};

export const sigv4Proxy: ReplacedProgram = {
  name: 'aws-sigv4-proxy',
  command: 'proxy',
  source: 'https://github.com/awslabs/aws-sigv4-proxy',
  dashes: '--',
  letters: 'sv',
  flags: [
    {
      fate: OWN,
      values:
        'port strip custom-headers duplicate-headers role-arn name sign-host host region ' +
        'transport.idle-conn-timeout upstream-url-scheme',
      switches: 'verbose log-failed-requests log-signing-process no-verify-ssl unsigned-payload',
    },
    { fate: { is: 'as', flag: '--strip' }, values: 'strip-header' },
    {
      fate: refused('the query is passed on as it is: take the parameters out in the client'),
      values: 'strip-param',
    },
  ],
  environment: [
    {
      fate: OWN,
      values:
        'AWS_ROLE_SESSION_NAME HTTPS_PROXY https_proxy HTTP_PROXY http_proxy NO_PROXY no_proxy',
    },
    {
      fate: always('STS is asked in the region'),
      values: 'AWS_STS_REGIONAL_ENDPOINTS',
    },
    AWS_VARIABLES,
    GO_RUNTIME,
  ],
};

export const xrayDaemon: ReplacedProgram = {
  name: 'X-Ray daemon',
  command: 'xray',
  source: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon-configuration.html',
  dashes: '-',
  letters: daemonFlags.map(({ short }) => short).join(''),
  flags: [
    {
      fate: OWN,
      values: nameDaemonFlags(true),
      switches: nameDaemonFlags(false),
    },
  ],
  environment: [
    {
      tells: true,
      fate: idle('profiles of Node are written by NODE_OPTIONS=--cpu-prof and --heap-prof'),
      values: 'XRAY_DAEMON_CPU_PROFILE XRAY_DAEMON_MEMORY_PROFILE',
    },
    AWS_VARIABLES,
    GO_RUNTIME,
  ],
};

function nameDaemonFlags(takesValue: boolean): string {
  return daemonFlags
    .filter((flag) => 'value' in flag === takesValue)
    .map(({ long }) => long.slice(2))
    .join(' ');
}
