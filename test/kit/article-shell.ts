/**
 * The scripts of a published article in one Bash, sourced as its README tells, in a copy of its
 * folder; what they call of the AWS CLI is noted with its status.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Readable, Writable } from 'node:stream';
import type { EmulatedAws } from './emulated-aws.ts';
import { conformancePath } from './conformance.ts';
import { onEnd } from './ending.ts';
import { temporaryFolder } from './folder.ts';

export interface CliCall {
  /** Service and action: `ecs create-service`. */
  readonly action: string;
  readonly status: number;
  /** What it wrote to standard error, in one line. */
  readonly told: string;
}

/** Also within `$(…)`, for which Bash copies its functions. */
const NOTED = `aws() {
  local status told="calls.stderr.$BASHPID"
  command aws "$@" 2>"$told"
  status=$?
  printf '%s\\t%s %s\\t%s\\n' "$status" "$1" "$2" "$(tr '\\n\\t' '  ' <"$told")" >>calls
  cat "$told" >&2
  rm "$told"
  return $status
}`;

export class ArticleShell {
  readonly folder: string;
  readonly #bash: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<never>;
  #read = 0;

  /** @param article  the folder's name among the published ones */
  constructor(
    context: TestContext,
    { url, credentials }: Pick<EmulatedAws, 'url' | 'credentials'>,
    article: string,
  ) {
    this.folder = path.join(temporaryFolder(context), article);
    cpSync(conformancePath('articles', article), this.folder, { recursive: true });
    writeFileSync(path.join(this.folder, 'calls'), '');
    this.#bash = spawn('bash', [], {
      cwd: this.folder,
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_ENDPOINT_URL: url,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_PAGER: '',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    const { pid } = this.#bash;
    onEnd(context, () => {
      if (pid !== undefined && this.#bash.exitCode === null) process.kill(-pid, 'SIGKILL');
    });
    this.#ended = new Promise((_, reject) =>
      this.#bash.once('exit', () => reject(new Error('Bash has ended'))),
    );
    this.#ended.catch(() => undefined);
    this.#bash.stdin.write(`${NOTED}\n`);
  }

  /** @returns the calls that a line, such as `source iam.sh`, made */
  async run(line: string): Promise<readonly CliCall[]> {
    const done = new Promise((resolve) => this.#bash.stdout.once('data', resolve));
    this.#bash.stdin.write(`{ ${line}\n} >>output 2>&1 </dev/null; echo done\n`);
    await Promise.race([done, this.#ended]);
    const lines = readFileSync(path.join(this.folder, 'calls'), 'utf8').split('\n').slice(0, -1);
    const made = lines.slice(this.#read).map((one) => {
      const [status, action = '', told = ''] = one.split('\t');
      return { action, status: Number(status), told: told.trim() };
    });
    this.#read = lines.length;
    return made;
  }

  /** The value of a variable of the shell. */
  async valueOf(name: string): Promise<string> {
    await this.run(`printf %s "$${name}" >value`);
    return readFileSync(path.join(this.folder, 'value'), 'utf8');
  }

  edit(file: string, change: (text: string) => string): void {
    const full = path.join(this.folder, file);
    writeFileSync(full, change(readFileSync(full, 'utf8')));
  }

  /** All that the scripts wrote. */
  output(): string {
    return readFileSync(path.join(this.folder, 'output'), 'utf8');
  }
}
