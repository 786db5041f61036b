/** The flags of vmagent; those of remote write become a part of the configuration. Pure. */
import { always, AWS_VARIABLES, GO_RUNTIME, idle, OWN, refused } from './program-table.ts';
import type { ReplacedProgram } from './program-table.ts';

/** vmagent's levels above ERROR are none here. */
function readLevel(text: string): string {
  const level = text.toLowerCase();
  return level === 'fatal' || level === 'panic' ? 'error' : level;
}

const NO_OTHER_PROTOCOLS =
  'data of Graphite, InfluxDB, OpenTSDB, Datadog, New Relic, Zabbix and CSV is not received ' +
  'here: OTLP, ' +
  'StatsD and X-Ray are, by otlp_receivers, statsd_receivers and xray_receivers of the ' +
  'configuration';
const NO_SUCH_LISTENER = refused(NO_OTHER_PROTOCOLS);
const BY_JOB = 'set it in the jobs of the configuration: ';
const WEB_FILE =
  'write TLS and basic auth of the address into a file, and name it in --web.config.file';
const NO_AGGREGATION =
  'samples are not aggregated here: give recording rules to the receiver, or leave out labels by ' +
  'write_relabel_configs';
const NO_ROUNDING = refused('values are sent as they are: round them where they are shown');
const INTERVALS = 'write refresh_interval into the entry of the mechanism in the configuration';

export const vmagent: ReplacedProgram = {
  name: 'vmagent',
  command: 'collect',
  source: 'https://docs.victoriametrics.com/victoriametrics/vmagent/',
  dashes: '-',
  variables: /%\{([^{}]+)\}/g,
  flags: [
    { fate: { is: 'as', flag: '--config.file' }, values: 'promscrape.config' },
    {
      fate: { is: 'as', flag: '--config.auto-reload-interval' },
      values: 'promscrape.configCheckInterval',
    },
    { fate: { is: 'as', flag: '--storage.path' }, values: 'remoteWrite.tmpDataPath' },
    { fate: { is: 'as', flag: '--web.listen-address' }, values: 'httpListenAddr' },
    { fate: { is: 'as', flag: '--web.route-prefix' }, values: 'http.pathPrefix' },
    {
      fate: { is: 'as', flag: '--stop-timeout' },
      values: 'http.maxGracefulShutdownDuration',
    },
    { fate: { is: 'as', flag: '--log.level', read: readLevel }, values: 'loggerLevel' },
    {
      fate: {
        is: 'as',
        flag: '--log.format',
        read: (text) => (text === 'json' ? 'json' : 'logfmt'),
      },
      values: 'loggerFormat',
    },
    { fate: OWN, switches: 'version' },
    {
      fate: always('flags are read from the environment where it is given: dots are _ there'),
      switches: 'envflag.enable',
    },
    { fate: always('it goes before the names of the variables'), values: 'envflag.prefix' },
    {
      fate: { is: 'source', as: 'an entry of remote_write' },
      values:
        'remoteWrite.url remoteWrite.aws.region remoteWrite.aws.roleARN ' +
        'remoteWrite.aws.accessKey ' +
        'remoteWrite.aws.secretKey remoteWrite.basicAuth.username ' +
        'remoteWrite.basicAuth.usernameFile ' +
        'remoteWrite.basicAuth.password remoteWrite.basicAuth.passwordFile ' +
        'remoteWrite.bearerToken ' +
        'remoteWrite.bearerTokenFile remoteWrite.headers remoteWrite.proxyURL ' +
        'remoteWrite.sendTimeout remoteWrite.tlsCAFile remoteWrite.tlsCertFile ' +
        'remoteWrite.tlsKeyFile ' +
        'remoteWrite.tlsServerName remoteWrite.maxDiskUsagePerURL remoteWrite.aws.service ' +
        'remoteWrite.oauth2.clientID remoteWrite.oauth2.clientSecret ' +
        'remoteWrite.oauth2.clientSecretFile remoteWrite.oauth2.endpointParams ' +
        'remoteWrite.oauth2.scopes remoteWrite.oauth2.tokenUrl',
      switches: 'remoteWrite.aws.useSigv4 remoteWrite.tlsInsecureSkipVerify',
    },
    { fate: { is: 'source', as: 'external_labels' }, values: 'remoteWrite.label' },
    {
      fate: {
        is: 'file',
        as: 'write_relabel_configs',
        instead:
          'write its rules into write_relabel_configs of remote_write in the configuration, as ' +
          '"amperage check convert --from vmagent" does it',
      },
      values: 'remoteWrite.relabelConfig remoteWrite.urlRelabelConfig',
    },
    {
      fate: refused(
        'STS and the metadata of the instance are asked in the region, by endpoints of AWS',
      ),
      values: 'remoteWrite.aws.ec2Endpoint remoteWrite.aws.stsEndpoint',
    },
    {
      fate: refused('each sink gets all: give the collectors a share of the targets by --shard'),
      values:
        'remoteWrite.shardByURL.ignoreLabels remoteWrite.shardByURL.labels ' +
        'remoteWrite.shardByURLReplicas',
      switches: 'remoteWrite.shardByURL',
    },
    {
      fate: refused('share the targets by --shard=i/n, i from 0 to n - 1, or --shard=ecs'),
      values:
        'promscrape.cluster.memberNum promscrape.cluster.membersCount ' +
        'promscrape.cluster.replicationFactor promscrape.cluster.memberLabel',
    },
    {
      fate: idle('targets are shared by --shard'),
      values: 'promscrape.cluster.name promscrape.cluster.memberURLTemplate',
    },
    {
      fate: refused('check the configuration with "amperage check config FILE"'),
      switches: 'dryRun promscrape.config.dryRun',
    },
    {
      fate: always(
        'what is not known in a configuration is an error; --allow-partial leaves it out',
      ),
      switches: 'promscrape.config.strictParse',
    },
    {
      fate: idle(
        'a queue keeps the order and rate that its receiver takes; queue_config has its settings',
      ),
      values:
        'remoteWrite.queues remoteWrite.flushInterval remoteWrite.maxBlockSize ' +
        'remoteWrite.maxRowsPerBlock remoteWrite.maxMetadataPerBlock remoteWrite.rateLimit ' +
        'remoteWrite.retryMaxInterval remoteWrite.retryMaxTime remoteWrite.retryMinInterval ' +
        'remoteWrite.tlsHandshakeTimeout remoteWrite.vmProtoCompressLevel',
      switches:
        'remoteWrite.forcePromProto remoteWrite.forceVMProto remoteWrite.keepDanglingQueues ' +
        'remoteWrite.showURL remoteWrite.disableMetadata sortLabels',
    },
    {
      fate: refused(
        'samples always wait on disk until they are delivered; a folder in memory (tmpfs) as ' +
          '--storage.path avoids the disk',
      ),
      switches: 'remoteWrite.disableOnDiskQueue remoteWrite.dropSamplesOnOverload',
    },
    {
      fate: NO_ROUNDING,
      values: 'remoteWrite.roundDigits',
      unset: '100',
    },
    {
      fate: NO_ROUNDING,
      values: 'remoteWrite.significantFigures',
      unset: '0',
    },
    {
      fate: refused('limit samples in the jobs of the configuration: sample_limit, label_limit'),
      values: 'remoteWrite.maxDailySeries remoteWrite.maxHourlySeries',
      unset: '0',
    },
    {
      fate: refused(NO_AGGREGATION),
      values:
        'remoteWrite.streamAggr.config remoteWrite.streamAggr.dedupInterval ' +
        'remoteWrite.streamAggr.dropInputLabels remoteWrite.streamAggr.ignoreFirstIntervals ' +
        'streamAggr.config streamAggr.dedupInterval streamAggr.dropInputLabels ' +
        'streamAggr.ignoreFirstIntervals',
      switches:
        'remoteWrite.streamAggr.dropInput remoteWrite.streamAggr.enableWindows ' +
        'remoteWrite.streamAggr.ignoreOldSamples remoteWrite.streamAggr.keepInput ' +
        'streamAggr.dropInput streamAggr.enableWindows streamAggr.ignoreOldSamples ' +
        'streamAggr.keepInput',
    },
    {
      fate: idle(INTERVALS),
      values:
        'promscrape.azureSDCheckInterval promscrape.consul.waitTime ' +
        'promscrape.consulSDCheckInterval promscrape.consulagentSDCheckInterval ' +
        'promscrape.digitaloceanSDCheckInterval promscrape.dnsSDCheckInterval ' +
        'promscrape.dockerSDCheckInterval promscrape.dockerswarmSDCheckInterval ' +
        'promscrape.ec2SDCheckInterval promscrape.eurekaSDCheckInterval ' +
        'promscrape.fileSDCheckInterval promscrape.gceSDCheckInterval ' +
        'promscrape.hetznerSDCheckInterval promscrape.httpSDCheckInterval ' +
        'promscrape.kubernetes.apiServerTimeout promscrape.kubernetesSDCheckInterval ' +
        'promscrape.kumaSDCheckInterval promscrape.marathonSDCheckInterval ' +
        'promscrape.nomad.waitTime promscrape.nomadSDCheckInterval ' +
        'promscrape.openstackSDCheckInterval promscrape.ovhcloudSDCheckInterval ' +
        'promscrape.puppetdbSDCheckInterval promscrape.vultrSDCheckInterval ' +
        'promscrape.yandexcloudSDCheckInterval promscrape.discovery.concurrency ' +
        'promscrape.discovery.concurrentWaitTime',
      switches:
        'promscrape.kubernetes.attachNamespaceMetadataAll ' +
        'promscrape.kubernetes.attachNodeMetadataAll ' +
        'promscrape.kubernetes.useHTTP2Client',
    },
    {
      fate: idle(`${BY_JOB}body_size_limit, sample_limit`),
      values:
        'promscrape.maxScrapeSize promscrape.maxResponseHeadersSize ' +
        'promscrape.seriesLimitPerTarget ' +
        'maxLabelNameLen maxLabelValueLen maxLabelsPerTimeseries',
    },
    {
      fate: idle(`${BY_JOB}enable_compression, track_timestamps_staleness`),
      switches:
        'promscrape.disableCompression promscrape.disableKeepAlive promscrape.noStaleMarkers',
    },
    {
      fate: idle('pages of every size are read without such a setting, and failures are told once'),
      values:
        'promscrape.minResponseSizeForStreamParse promscrape.maxDroppedTargets ' +
        'promscrape.suppressScrapeErrorsDelay',
      switches:
        'promscrape.streamParse promscrape.dropOriginalLabels promscrape.suppressScrapeErrors ' +
        'promscrape.suppressDuplicateScrapeTargetErrors',
    },
    {
      fate: refused(WEB_FILE),
      values:
        'tlsCertFile tlsKeyFile tlsCipherSuites tlsMinVersion httpAuth.password httpAuth.username',
      switches: 'tls',
    },
    {
      fate: refused(`there are no keys of single pages here: ${WEB_FILE}`),
      values: 'configAuthKey flagsAuthKey metricsAuthKey pprofAuthKey reloadAuthKey',
    },
    {
      fate: idle(
        'servers of HTTP need no such setting here; headers are http_server_config.headers ' +
          'of --web.config.file',
      ),
      values:
        'http.connTimeout http.header.csp http.header.frameOptions http.header.hsts ' +
        'http.idleConnTimeout http.shutdownDelay',
      switches: 'http.disableCORS http.disableKeepAlive http.disableResponseCompression enableTCP6',
    },
    {
      fate: refused('connections come directly: let the load balancer speak plain TCP or HTTP'),
      switches:
        'httpListenAddr.useProxyProtocol graphiteListenAddr.useProxyProtocol ' +
        'influxListenAddr.useProxyProtocol opentsdbHTTPListenAddr.useProxyProtocol ' +
        'opentsdbListenAddr.useProxyProtocol',
    },
    {
      fate: NO_SUCH_LISTENER,
      values: 'graphiteListenAddr influxListenAddr opentsdbHTTPListenAddr opentsdbListenAddr',
    },
    {
      fate: idle(NO_OTHER_PROTOCOLS),
      values:
        'csvTrimTimestamp datadog.maxInsertRequestSize graphiteTrimTimestamp import.maxLineLen ' +
        'influx.databaseNames influx.maxLineSize influx.maxRequestSize influxDBLabel ' +
        'influxMeasurementFieldSeparator influxTrimTimestamp newrelic.maxInsertRequestSize ' +
        'opentsdbTrimTimestamp opentsdbhttp.maxInsertRequestSize opentsdbhttpTrimTimestamp ' +
        'zabbixconnector.addDuplicateTagsSeparator zabbixconnector.addEmptyTagsValue ' +
        'zabbixconnector.addGroupsValue zabbixconnector.maxLineLen insert.maxQueueDuration ' +
        'maxConcurrentInserts maxIngestionRate maxInsertRequestSize',
      switches:
        'datadog.sanitizeMetricName graphite.sanitizeMetricName influx.forceStreamMode ' +
        'influxSkipMeasurement influxSkipSingleField',
    },
    {
      fate: idle(
        'names, attributes and limits of OTLP are in the configuration: otlp, otlp_receivers',
      ),
      values:
        'opentelemetry.ignoreResourceAttributes opentelemetry.maxRequestSize ' +
        'opentelemetry.promoteResourceAttributes',
      switches:
        'opentelemetry.convertMetricNamesToPrometheus ' +
        'opentelemetry.labelNameUnderscoreSanitization ' +
        'opentelemetry.promoteAllResourceAttributes opentelemetry.promoteScopeMetadata ' +
        'opentelemetry.usePrometheusNaming usePromCompatibleNaming',
    },
    {
      fate: refused('there are no tenants here: write an entry of remote_write for each receiver'),
      values: 'remoteWrite.multitenantURL',
      switches: 'enableMultitenancyViaHeaders enableMultitenantHandlers',
    },
    {
      fate: idle('metadata is metadata_config of remote_write'),
      switches: 'enableMetadata metrics.exposeMetadata',
    },
    {
      fate: refused(
        'own metrics are served at /metrics: scrape them by a job of the configuration',
      ),
      values: 'pushmetrics.extraLabel pushmetrics.header pushmetrics.interval pushmetrics.url',
      switches: 'pushmetrics.disableCompression',
    },
    {
      fate: idle('--log.level and --log.format are the settings of the log'),
      values:
        'loggerErrorsPerSecondLimit loggerJSONFields loggerMaxArgLen loggerOutput loggerTimezone ' +
        'loggerWarnsPerSecondLimit',
      switches: 'loggerDisableTimestamps',
    },
    {
      fate: idle('secrets are hidden without a list of them'),
      values: 'secret.flags',
    },
    {
      fate: idle(
        'it is of the memory and files of vmagent; Node reads the limit of the container, ' +
          'and NODE_OPTIONS=' +
          '--max-old-space-size=MB sets another',
      ),
      values:
        'blockcache.missesBeforeCaching cacheExpireDuration fs.maxConcurrency ' +
        'internStringCacheExpireDuration internStringMaxLen memory.allowedBytes ' +
        'memory.allowedPercent prevCacheRemovalPercent',
      switches:
        'denyQueryTracing filestream.disableFadvise fs.disableMincore fs.disableMmap ' +
        'internStringDisableCache',
    },
  ],
  environment: [AWS_VARIABLES, GO_RUNTIME],
};
