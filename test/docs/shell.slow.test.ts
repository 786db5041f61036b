/**
 * The shell of each page, run as a reader would: in a new folder, with the files that the page
 * shows, line by line; servers stay while the lines behind them run. A page has a network of its
 * own, in which its ports are free and an emulated account is all there is of AWS.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type Fence, listFences, listPagesWithExamples, ROOT } from '../kit/fences.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { MAIN } from '../kit/processes.ts';
import { SMALLEST } from '../deploy/models.ts';
import { nameFile } from './judges.ts';
import { findFate, listLines } from './shell-lines.ts';

const OWN_NETWORK = ['--map-root-user', '--net', '--pid', '--fork', '--kill-child'];
const hasNetwork =
  spawnSync('unshare', [...OWN_NETWORK, 'ip', 'link', 'set', 'lo', 'up']).status === 0;
const skip = hasNetwork ? false : 'a network of its own (unshare, ip) is not to be had';
const EMULATED = 'http://127.0.0.1:4599';
/** Each line starts a process, which takes seconds where other work has the machine. */
const PAGE_MAX_MS = 300_000;
const has = (program: string): boolean => spawnSync('which', [program]).status === 0;

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const DAEMON_FILE = 'Region: us-east-1\nVersion: 2\n';
/** Files that pages speak of and leave to their reader. */
const READERS_FILES: Readonly<Record<string, string>> = {
  'account.yml': read('examples/fargate/account.yml'),
  'cfg.yaml': DAEMON_FILE,
  'collector.yaml': read('examples/adot/collector.yaml'),
  'deployment.yml': JSON.stringify(SMALLEST),
  'etc/amazon/xray/cfg.yaml': DAEMON_FILE,
  'prometheus.yml': read('examples/laptop/prometheus.yml'),
  'task-definition.json': read('examples/sidecar-exporter/task-definition.json'),
};
/** The emulated account: a cluster with tasks, and a configuration in a bucket. */
const ACCOUNT = `${read('examples/fargate/account.yml')}
  - { object: 's3://my-bucket/prometheus.yml', text: '{ scrape_configs: [{ job_name: none }] }' }
`;
/** What must have run before a page's own lines, by page. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  'docs/debugging.md': [
    'amperage collect --config.file prometheus.yml --storage.path ./collect-data',
    "amperage check queue ./collect-data | grep 'waiting  *[1-9]'",
    'amperage collect --config.file prometheus.yml --storage.path /var/lib/amperage',
    "amperage check queue /var/lib/amperage | grep 'waiting  *[1-9]'",
  ],
};

/** The functions of the script of a page. */
const FUNCTIONS = `
fail() { echo "FAILED $1: $2"; [ -z "\${3:-}" ] || tail -n 15 "$3"; failed=1; }
# end PID: as by Ctrl-C, and it must end well.
end() { kill -TERM "$1" 2>/dev/null && { wait "$1" || fail "end of $2" "status $?" "$3"; }; }
# await PID LINE LOG
await() {
  for _ in $(seq 600); do
    grep -sqE 'msg=started|Starting proxy http server' "$3" && return
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  fail "$2" 'it does not start' "$3"
}
# try LINE LABEL LOG: what was sent a moment ago may need another one to arrive.
try() {
  for _ in 1 2 3 4 5 6 7 8; do
    eval "$1" > "$3" 2>&1 && return
    case "$1" in aws*|curl*|"amperage check queue"*) sleep 2 ;; *) break ;; esac
  done
  fail "$2" 'it fails' "$3"
}
# In a task: the variable that ECS sets.
in_task() {
  curl -fsS -X PUT ${EMULATED}/_emulator/tasks/page \
    -d '{"cluster":"prod","family":"web","serviceName":"web","containers":[{"name":"app","pid":1}]}' |
    grep -o '"metadataUri":"[^"]*' | cut -d'"' -f4
}
failed=0
ip link set lo up
`;

/** A word of bash. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Paths of a server are put into the folder of the page. */
const intoFolder = (line: string): string =>
  line.replaceAll(/(?<=[\s:])\/(var\/lib\/amperage|etc\/amazon\/\S+)/g, './$1');

/** The lines of bash that run a line of a page. */
function renderLine(line: string, where: string, id: number): string[] {
  const bare = line.replace(/\s*&$/, '');
  const fate = findFate(bare);
  assert.ok(fate !== undefined, `${where}: shell-lines.ts does not know what becomes of "${line}"`);
  if (fate.kind === 'not run') return [];
  const run = intoFolder(bare);
  const label = quote(`${where}: ${bare}`);
  if (fate.kind === 'serves') {
    const { command } = fate;
    const variable = `server_${command.replaceAll('-', '_')}`;
    const log = `.log.${id}`;
    return [
      // Two of a kind are alternatives, or take the same ports.
      `[ -z "\${${variable}:-}" ] || end "$${variable}" ${command} "$${variable}_log"`,
      `${needsTask(run) ? `ECS_CONTAINER_METADATA_URI_V4=$(in_task) ` : ''}${run} > ${log} 2>&1 &`,
      `${variable}=$! ${variable}_log=${log}`,
      `await "$${variable}" ${label} ${log}`,
    ];
  }
  // A page's curl asks what has just been started; what AWS would answer is not here.
  const asks = run.includes('ws-EXAMPLE') ? run : run.replace(/^curl /, 'curl -fsS ');
  const known =
    asks.includes('| nc ') && !has('nc') ? asks.replace(/\| nc .*/, '> /dev/null') : asks;
  return [`try ${quote(known)} ${label} .out.${id}`];
}

const needsTask = (line: string): boolean => /amperage exporter\b|--shard ecs\b/.test(line);

/** Without AWS's CLI: what stands behind such a line in its block needs what it would have done. */
const isWithoutItsProgram = (line: string): boolean =>
  line.startsWith('aws ') && !has('aws') && findFate(line)?.kind !== 'not run';

function renderPage(page: string, folder: string): string {
  const script = [FUNCTIONS];
  let id = 0;
  const add = (lines: readonly string[], where: string): void => {
    for (const line of lines) {
      if (isWithoutItsProgram(line)) return;
      script.push(...renderLine(line, where, (id += 1)));
    }
  };
  add(
    ['EMULATE_ACCESS_KEY=AKIAEXAMPLE EMULATE_SECRET_KEY=example amperage emulate ' +
      `--web.listen-address ${EMULATED.slice(7)} --scenario .account.yml`],
    'before the page',
  ); // prettier-ignore
  script.push('unset server_emulate');
  add(BEFORE[page] ?? [], 'before the page');
  for (const fence of listFences(page)) {
    if (fence.language === 'yaml') script.push(...renderFile(fence));
    if (fence.language === 'sh') add(listLines(fence.text), fence.where);
    if (fence.language === 'console') script.push(...renderConsole(fence, folder));
  }
  script.push(
    'for name in ${!server_*}; do',
    '  log="${name}_log"; [ "${!log:-}" = "" ] || end "${!name}" "$name" "${!log}"',
    'done',
    'exit $failed',
  );
  return `${script.join('\n')}\n`;
}

/** A file that the page shows is there from then on. */
function renderFile({ text }: Fence): string[] {
  const name = nameFile(parse(text));
  return [`cat > ${name} <<'END_OF_FILE'\n${text}END_OF_FILE`];
}

/** What a block shows behind its command is what the command prints, but for numbers. */
function renderConsole({ text, where }: Fence, folder: string): string[] {
  const [command = '', ...shown] = text.trimEnd().split('\n');
  assert.match(command, /^\$ amperage /, where);
  const file = path.join(folder, '.shown');
  writeFileSync(file, `${shown.join('\n')}\n`);
  const shape = "sed -E 's/[0-9a-f]*[0-9][0-9a-f.:TZ-]*/N/g; s/ +/ /g'";
  const printed = `${command.slice(2)} | ${shape}`;
  const otherwise = `fail ${quote(where)} 'prints another thing' .diff`;
  return [`diff <(${shape} .shown) <(${printed}) >> .diff || ${otherwise}`];
}

/** Pages whose lines want more than a shell: what runs them. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  'docs/how-to/grafana.md': 'test/deploy/dashboard-import.slow.test.ts',
  'docs/how-to/migrate.md': 'test/migrate-page.slow.test.ts',
  'docs/migrate-from-adot.md': 'test/migrate-page.slow.test.ts',
};

const pages = listPagesWithExamples().filter(
  (page) =>
    RUN_ELSEWHERE[page] === undefined &&
    listFences(page).some(({ language }) => /^(?:console|sh)$/.test(language)),
);

for (const page of pages)
  test(
    `${page}: each line of shell does what it says`,
    { skip, timeout: PAGE_MAX_MS },
    (context) => {
      const folder = temporaryFolder(context);
      const own = path.dirname(page);
      for (const at of ['.bin', 'etc/amazon/xray', 'var/lib/amperage'])
        mkdirSync(path.join(folder, at), { recursive: true });
      const files = { ...READERS_FILES, '.account.yml': ACCOUNT };
      for (const [name, text] of Object.entries(files))
        writeFileSync(path.join(folder, name), text);
      if (own.startsWith('examples/')) cpSync(path.join(ROOT, own), folder, { recursive: true });
      const bin = path.join(folder, '.bin');
      symlinkSync(process.execPath, path.join(bin, 'node'));
      writeFileSync(path.join(bin, 'amperage'), `#!/usr/bin/env node\nawait import('${MAIN}');\n`, {
        mode: 0o755,
      });
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        [...OWN_NETWORK, 'bash', '-c', renderPage(page, folder)],
        {
          cwd: folder,
          encoding: 'utf8',
          timeout: PAGE_MAX_MS - 10_000,
          env: {
            PATH: `${bin}:${process.env['PATH']}`,
            HOME: folder,
            AWS_ENDPOINT_URL: EMULATED,
            AWS_REGION: 'us-east-1',
            AWS_DEFAULT_REGION: 'us-east-1',
            AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
            AWS_SECRET_ACCESS_KEY: 'example',
            AWS_EC2_METADATA_DISABLED: 'true',
          },
        },
      );
      assert.equal(status, 0, `${stdout}${stderr}`);
    },
  );

test('lines are not run only where something else tries them', () => {
  const run = pages
    .flatMap(listFences)
    .flatMap(({ language, text }) =>
      language === 'sh' ? listLines(text).map((line) => findFate(line.replace(/\s*&$/, ''))) : [],
    );
  const share = run.filter((fate) => fate?.kind !== 'not run').length / run.length;
  assert.ok(share > 0.6, `only ${share} of all lines are run`);
});

test('what runs elsewhere is there to be run, and there is such a test', () => {
  for (const [page, file] of Object.entries(RUN_ELSEWHERE)) {
    assert.ok(listFences(page).length > 0, page);
    assert.ok(read(file).includes(page), `${file} does not name ${page}`);
  }
});
