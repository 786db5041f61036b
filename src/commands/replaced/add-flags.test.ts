import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Command } from 'commander';
import { gather } from '../flags.ts';
import { createLongRunningCommand } from '../runner.ts';
import { addReplacedFlags } from './add-flags.ts';
import { adot } from './others.ts';
import { prometheus } from './prometheus.ts';
import { vmagent } from './vmagent.ts';

interface Ran {
  readonly values: Record<string, unknown>;
  readonly log: string;
}

/** Runs a command with some of the flags of `collect`. */
async function run(
  context: TestContext,
  given: readonly string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  let log = '';
  const write = context.mock.method(process.stderr, 'write', (text: string) => {
    log += text;
    return true;
  });
  const command = createLongRunningCommand('collect')
    .exitOverride()
    .option('--config.file <file>', '', 'prometheus.yml')
    .option('--config <source>', '', gather, [])
    .option('--config.auto-reload-interval <time>')
    .option('--storage.path <dir>', '', './collect-data')
    .option('--web.listen-address <address>', '', gather, [])
    .option('--web.route-prefix <path>')
    .option('--web.enable-lifecycle')
    .option('--web.enable-remote-write-receiver')
    .option('--web.config.file <file>')
    .option('--stop-timeout <time>', '', '20s')
    .action(() => undefined);
  addReplacedFlags(command, [prometheus, vmagent, adot], env);
  try {
    await new Command('amperage')
      .exitOverride()
      .addCommand(command)
      .parseAsync(['collect', ...given], { from: 'user' });
  } finally {
    write.mock.restore();
  }
  return { values: command.opts(), log };
}

test('a flag without effect is one warning, however often it is given', async (context) => {
  const { log } = await run(context, ['--web.page-title=a', '--web.page-title=b']);
  assert.match(log, /level=warn msg="--web\.page-title has no effect" instead="there are no co/);
  assert.equal(log.trim().split('\n').length, 1, log);
});

test('a switch that is off asks for nothing', async (context) => {
  const off = ['--no-agent', '--no-web.enable-admin-api', '--remoteWrite.shardByURL=false'];
  assert.equal((await run(context, off)).log, '');
  const { values } = await run(context, ['--web.enable-lifecycle', '--no-web.enable-lifecycle']);
  assert.equal(values['web.enableLifecycle'], false);
  await assert.rejects(run(context, ['--agent=maybe']), /--agent: "maybe" is not true or false/);
});

test('a refused flag ends the command with what to use instead', async (context) => {
  await assert.rejects(
    run(context, ['--remoteWrite.shardByURL']),
    /-remoteWrite\.shardByURL is not taken over: .*--shard$/,
  );
});

test('a flag of ours goes before one that stands for it', async (context) => {
  const agent = '--storage.agent.path=/a';
  assert.equal((await run(context, [agent])).values['storage.path'], '/a');
  const both = await run(context, [agent, '--storage.path=/b']);
  assert.equal(both.values['storage.path'], '/b');
});

test('values are put into the words of our flags', async (context) => {
  const { values } = await run(context, [
    '--loggerLevel=PANIC',
    '--loggerFormat=default',
    '--httpListenAddr=:1,:2',
    '--httpListenAddr=:3',
  ]);
  assert.equal(values['log.level'], 'error');
  assert.equal(values['log.format'], 'logfmt');
  assert.deepEqual(values['web.listenAddress'], [':1', ':2', ':3']);
  await assert.rejects(run(context, ['--loggerLevel=loud']), /write one of debug, info, warn, err/);
});

test('names of features are told one by one, unknown ones too', async (context) => {
  const { log } = await run(context, ['--enable-feature=agent,old-ui', '--enable-feature=no-such']);
  assert.match(log, /--enable-feature=old-ui has no effect/);
  assert.match(log, /--enable-feature=no-such has no effect" instead="nothing is known by this/);
  assert.doesNotMatch(log, /=agent/);
});

test('a name of a feature stands for a flag of ours', async (context) => {
  const { values, log } = await run(context, ['--enable-feature=agent,remote-write-receiver']);
  assert.equal(values['web.enableRemoteWriteReceiver'], true);
  assert.equal(log, '');
});

test('a value that asks for nothing is neither refused nor warned of', async (context) => {
  const { log } = await run(context, [
    '--remoteWrite.streamAggr.config=',
    '--remoteWrite.maxDailySeries=0',
    '--remoteWrite.roundDigits=100',
    '--web.page-title=',
  ]);
  assert.equal(log, '');
  await assert.rejects(run(context, ['--remoteWrite.roundDigits=0']), /roundDigits is not taken/);
});

test('an empty value of a flag without a default is as without the flag', async (context) => {
  const { values } = await run(context, [
    '--web.config.file=',
    '--web.route-prefix=',
    '--promscrape.config=',
  ]);
  assert.equal(values['config.file'], 'prometheus.yml');
  assert.equal(values['web.config.file'], undefined);
  assert.equal(values['web.routePrefix'], undefined);
});

test('levels of the log are taken in any case', async (context) => {
  assert.equal((await run(context, ['--log.level=INFO'])).values['log.level'], 'info');
  assert.equal((await run(context, ['--log-level=DEBUG'])).values['log.level'], 'debug');
  assert.equal((await run(context, ['--log-level=DPANIC'])).values['log.level'], 'error');
});

test('values of vmagent name variables of the environment', async (context) => {
  const given = ['--remoteWrite.url=http://%{HOST}/%{WAY}', '--storage.tsdb.path=%{WAY}'];
  const { values } = await run(context, given, { HOST: 'a:1', WAY: 'w' });
  assert.deepEqual(values['config'], ['yaml:{"remote_write":[{"url":"http://a:1/w"}]}']);
  assert.equal(values['storage.path'], '%{WAY}', 'Prometheus has no such form');
  await assert.rejects(run(context, given), /-remoteWrite\.url: the variable HOST is not set/);
});

test('variables stand for flags of vmagent where it is told so', async (context) => {
  const env = { VM_remoteWrite_url: 'http://a/', VM_loggerLevel: 'WARN' };
  const flags = ['--envflag.enable', '--envflag.prefix=VM_'];
  const { values } = await run(context, [...flags, '--loggerLevel=ERROR'], env);
  assert.deepEqual(values['config'], ['yaml:{"remote_write":[{"url":"http://a/"}]}']);
  assert.equal(values['log.level'], 'error');
  assert.deepEqual((await run(context, [], env)).values['config'], []);
});

test('variables without effect are warned of where they are set', async (context) => {
  const { log } = await run(context, [], { GOGC: '50', GOMAXPROCS: '' });
  assert.match(log, /msg="GOGC has no effect" instead=".*NODE_OPTIONS/);
  assert.equal(log.trim().split('\n').length, 1);
});
