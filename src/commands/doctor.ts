/**
 * `amperage doctor`: why metrics do not arrive, and what to do. It reads what `collect` would read,
 * from the same flags and variables, looks where the collector would run, and changes nothing.
 */
import { lookup } from 'node:dns';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { checkConfigText } from '../config/load.ts';
import { ConfigSources, sourcesFrom } from '../config/sources/sources.ts';
import { CallLimits } from '../discovery/call-limits.ts';
import { Asking } from '../doctor/asking.ts';
import type { Diagnosis, DoctorCheck } from '../doctor/check.ts';
import { doctorChecks } from '../doctor/checks.ts';
import { examine } from '../doctor/examine.ts';
import { permissionsCheck } from '../doctor/permissions.ts';
import { renderDiagnoses } from '../doctor/report.ts';
import type { DoctorEdges, DoctorSubject } from '../doctor/subject.ts';
import { listNetworkUses } from '../doctor/uses.ts';
import { ConfigError } from '../kernel/errors.ts';
import { loadHttpClient } from '../kernel/http-client.ts';
import { findUrlFault } from '../settings/url.ts';
import { gather } from './flags.ts';
import { createWorld } from './runner.ts';
import { addTrustFlag } from './trust.ts';

interface DoctorFlags {
  readonly 'config.file': string;
  readonly config: readonly string[];
  readonly 'storage.path': string;
  readonly collector: string;
  readonly role?: string;
  readonly allowPartial?: boolean;
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly json?: boolean;
}

const IDS = doctorChecks.map(({ id }) => id);

export function createDoctorCommand(
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  return addTrustFlag(new Command('doctor'))
    .description(
      'Says why metrics do not arrive and what to do: credentials, clock, region, DNS, ' +
        'endpoints, signatures, permissions, workspaces, queues, targets. Run it where the ' +
        'collector runs; it changes nothing.',
    )
    .option('--config.file <source>', 'configuration, as for collect', 'prometheus.yml')
    .option('--config <source>', 'the same; several are merged in order', gather, [])
    .option('--storage.path <dir>', 'folder of the queues, as for collect', './collect-data')
    .option('--collector <url>', 'where a running collector answers', 'http://127.0.0.1:9090')
    .option('--role <arn>', "look at this role's permissions by IAM, not at those of this process")
    .option('--allow-partial', 'as for collect: what cannot be done here is only a warning')
    .option('--only <check>', 'this check alone; may be given several times', gather, [])
    .option('--skip <check>', 'not this check; may be given several times', gather, [])
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      `
Checks:
${doctorChecks.map(({ id, looksAt }) => `  ${id.padEnd(14)} ${looksAt}`).join('\n')}

Examples:
  amperage doctor --config.file prometheus.yml
  amperage doctor --config ssm:/metrics/config --only permissions --role ROLE_ARN
  aws ecs execute-command --cluster C --task ID --interactive --command "amperage doctor"
  amperage doctor --json --skip collector
`,
    )
    .action(async (flags: DoctorFlags, command: Command) => {
      const isGiven = command.getOptionValueSource('config.file') === 'cli';
      const diagnoses = await runDoctor(flags, isGiven);
      const { shown, name } = diagnoses;
      if (flags.json === true) write(`${JSON.stringify({ findings: shown }, undefined, 2)}\n`);
      else write(renderDiagnoses(shown, doctorChecks, name));
      if (shown.some(({ severity }) => severity === 'error')) process.exitCode = 1;
    });
}

/** Which checks run. @throws ConfigError for a name that is none, and where none is left */
export function chooseChecks(
  only: readonly string[],
  skip: readonly string[],
): readonly DoctorCheck[] {
  for (const [flag, names] of [
    ['--only', only],
    ['--skip', skip],
  ] as const)
    for (const name of names)
      if (!(IDS as readonly string[]).includes(name))
        throw new ConfigError(
          'FLAG_VALUE',
          `${flag} ${JSON.stringify(name)} is no check; write one of ${IDS.join(', ')}`,
        );
  const chosen = doctorChecks.filter(
    ({ id }) => (only.length === 0 || only.includes(id)) && !skip.includes(id),
  );
  if (chosen.length === 0)
    throw new ConfigError(
      'FLAG_VALUE',
      `--skip leaves no check${only.length === 0 ? '' : ' of those of --only'}; skip fewer`,
    );
  return chosen;
}

/** @throws ConfigError for what is no role, and where no check would look at it */
export function checkRole(role: string | undefined, checks: readonly DoctorCheck[]): void {
  if (role === undefined) return;
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/\S+$/.test(role))
    throw new ConfigError(
      'FLAG_VALUE',
      `--role ${JSON.stringify(role)} is no role; write its ARN, such as ` +
        'arn:aws:iam::123456789012:role/metrics',
    );
  if (!checks.includes(permissionsCheck))
    throw new ConfigError(
      'FLAG_VALUE',
      '--role is for the check "permissions", which does not run; add --only permissions',
    );
}

const EDGES: DoctorEdges = { resolve: lookup, statFileSystem: (folder) => statfs(folder) };

async function runDoctor(
  flags: DoctorFlags,
  isGiven: boolean,
): Promise<{ readonly shown: readonly Diagnosis[]; readonly name: string }> {
  const checks = chooseChecks(flags.only, flags.skip);
  checkRole(flags.role, checks);
  const fault = findUrlFault('--collector', flags.collector);
  if (fault !== undefined) throw new ConfigError('FLAG_VALUE', fault);
  await loadHttpClient();
  const world = createWorld({ 'log.level': 'error' });
  const given = [...(isGiven ? [flags['config.file']] : []), ...flags.config];
  const sources = new ConfigSources({
    uris: sourcesFrom(given, flags['config.file'], process.env),
    world,
    env: process.env,
  });
  const asking = new Asking(world, process.env);
  try {
    const { text, file } = await sources.readAtStart();
    const checked = await checkConfigText(text, file, {
      allowPartial: flags.allowPartial ?? false,
      readRemote: (uri) => sources.readReferred(uri),
    });
    const subject: DoctorSubject = {
      world,
      callLimits: new CallLimits(world.clock, world.metrics),
      env: process.env,
      checked,
      configName: file,
      baseDirectory: dirname(resolve(file)),
      storagePath: flags['storage.path'],
      collectorUrl: flags.collector.replace(/\/+$/, ''),
      role: flags.role,
      uses: checked.plan === undefined ? [] : listNetworkUses(checked.plan),
      asking,
      edges: EDGES,
    };
    return { shown: await examine(checks, subject), name: file };
  } finally {
    sources.close();
    await asking.close();
    await world.http.close();
  }
}
