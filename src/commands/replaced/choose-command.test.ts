/** Command lines and variables of public task definitions, charts and READMEs of the programs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseCommand } from './choose-command.ts';
import { PROGRAMS } from './programs.ts';

/** ECS sets it in every container, so it tells nothing. */
const IN_EVERY_TASK = {
  ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/id',
  AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
  AWS_REGION: 'us-east-1',
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/id',
};

type Row = readonly [command: string, flags: string, env?: Readonly<Record<string, string>>];

const TYPICAL: Readonly<Record<string, readonly Row[]>> = {
  Prometheus: [
    ['collect', '--config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus'],
    [
      'collect',
      '--config.file /etc/config/prometheus.yaml --storage.tsdb.path /data ' +
        '--web.enable-lifecycle --web.console.libraries=/etc/prometheus/console_libraries',
    ],
    ['collect', '--config.file=/etc/agent.yml --agent --no-storage.agent.no-lockfile'],
    ['collect', '--config.file=/etc/prometheus/prometheus.yml --web.listen-address=:9090'],
  ],
  vmagent: [
    ['collect', '-promscrape.config=/etc/vmagent.yml -remoteWrite.url=http://vm:8428/api/v1/write'],
    ['collect', '--promscrape.config /c.yml --remoteWrite.url https://a/ --httpListenAddr :8429'],
    ['collect', '-envflag.enable'],
  ],
  'ADOT collector': [
    ['collect', '', { AOT_CONFIG_CONTENT: 'receivers: {}' }],
    ['collect', '--config=/etc/otel.yaml --set=processors.batch.timeout=2s'],
    ['collect', '--config=/etc/otel.yaml', { AOT_CONFIG_CONTENT: 'receivers: {}' }],
    ['collect', '--config /etc/otel.yaml --feature-gates=-a.b'],
  ],
  ecs_exporter: [
    ['exporter', '--web.listen-address=:9779 --web.disable-exporter-metrics'],
    ['exporter', '--no-web.disable-exporter-metrics'],
  ],
  'prometheus-ecs-discovery': [
    ['discover', '-config.write-to=/output/ecs_file_sd.yml'],
    ['discover', '-config.cluster prod -config.scrape-interval 30s -config.write-to /out/a.yml'],
  ],
  'prometheus-sdconfig-reloader': [
    [
      'discover',
      '',
      {
        CONFIG_FILE_DIR: '/etc/config',
        CONFIG_RELOAD_FREQUENCY: '60',
        PROMETHEUS_CONFIG_PARAMETER_NAME: 'ECS-Prometheus-Configuration',
        DISCOVERY_NAMESPACES_PARAMETER_NAME: 'ECS-ServiceDiscovery-Namespaces',
      },
    ],
    ['discover', '', { SERVICE_DISCOVERY_MODE: 'CLOUDMAP' }],
  ],
  'aws-sigv4-proxy': [
    ['proxy', '--name aps --region us-east-1 --host aps-workspaces.us-east-1.amazonaws.com'],
    ['proxy', '-v --name es --region eu-west-1'],
    ['proxy', '-s Authorization --port :8005'],
    ['proxy', '--no-verify-ssl'],
  ],
  'X-Ray daemon': [
    ['xray', '-t 0.0.0.0:2000 -b 0.0.0.0:2000'],
    ['xray', '-o -n us-east-1'],
    ['xray', '--bind=0.0.0.0:2000 --bind-tcp=0.0.0.0:2000 --log-level=warn'],
    ['xray', '-c /etc/xray/cfg.yaml'],
    ['xray', '', { XRAY_DAEMON_CPU_PROFILE: '/tmp/p' }],
  ],
};

for (const { name, command: ofProgram } of PROGRAMS)
  test(`${name}: its typical command lines and variables tell the command`, () => {
    const rows = TYPICAL[name] ?? [];
    assert.ok(rows.length > 0);
    for (const [command, flags, env] of rows) {
      assert.equal(command, ofProgram);
      const words = flags.split(' ').filter((word) => word !== '');
      assert.equal(chooseCommand(words, { ...IN_EVERY_TASK, ...env }), command, flags);
    }
  });

test('what every container has tells nothing', () =>
  assert.equal(
    chooseCommand([], { ...IN_EVERY_TASK, OTEL_RESOURCE_ATTRIBUTES: 'a=b' }),
    undefined,
  ));

test('what several programs have is never guessed: the message names them and the variable', () => {
  const refused: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    [
      '--config=/etc/a.yaml',
      {},
      /each of these has "config": ADOT collector, X-Ray daemon; set AMPERAGE_COMMAND to collect or xray, or put it before the flags$/,
    ],
    [
      '--web.listen-address=:9779 --log.level=debug',
      {},
      /: Prometheus, ecs_exporter; set AMPERAGE_COMMAND to collect or exporter,/,
    ],
    ['-v', {}, /AMPERAGE_COMMAND to proxy or xray/],
    ['--region us-east-1 --role-arn a', {}, /AMPERAGE_COMMAND to proxy or xray/],
    ['--no-such --config.file=x', {}, /no replaced program has "no-such"; set/],
    [
      '--config.file=x --agent --storage.agent.path=y --web.external-url=z --bogus.flag=1',
      {},
      /no replaced program has "bogus\.flag"; set/,
    ],
    [
      '--config.file=x --name=aps',
      {},
      /no replaced program has all of "config\.file", "name"; set/,
    ],
    [
      '--config.file=x --name=aps --agent --web.external-url=z --region=a',
      {},
      /all of "config\.file", "name", "agent", "web\.external-url" and 1 more; set/,
    ],
    // A variable does not stand in for flags that nobody has.
    ['--no-such', { AOT_CONFIG_CONTENT: 'x' }, /no replaced program has "no-such"; set/],
    [
      '',
      { AOT_CONFIG_CONTENT: 'x', SERVICE_DISCOVERY_MODE: 'y' },
      /variables of ADOT collector, prometheus-sdconfig-reloader; set/,
    ],
    ['-a -b -c -d -e -f -g -i', {}, /program has "d", "e", "g", "i"; set/],
  ];
  for (const [flags, env, message] of refused)
    assert.throws(() => chooseCommand(flags.split(' '), env), { code: 'USAGE', message }, flags);
});

test('flags that one program alone has go before a variable of another', () =>
  assert.equal(chooseCommand(['--name=aps', '--port=:1'], { AOT_CONFIG_CONTENT: 'x' }), 'proxy'));

test('the value of a flag is not shown', () =>
  assert.throws(
    () => chooseCommand(['--password=hush'], {}),
    (error: Error) => /"password"/.test(error.message) && !error.message.includes('hush'),
  ));
