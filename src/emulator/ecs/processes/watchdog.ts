/**
 * Ends the processes of tasks when the emulator is gone, however it ended: a shell that reads the
 * process groups from a pipe, which closes with the emulator.
 */
import { type ChildProcess, spawn } from 'node:child_process';

const SCRIPT = `
all=
while read -r sign pid; do
  case $sign in
    +) all="$all $pid" ;;
    -) rest=
       for one in $all; do [ "$one" = "$pid" ] || rest="$rest $one"; done
       all=$rest ;;
  esac
done
[ -z "$all" ] && exit
for one in $all; do kill -TERM -"$one" 2>/dev/null; done
sleep 2
for one in $all; do kill -KILL -"$one" 2>/dev/null; done
`;

export class Watchdog {
  #child: ChildProcess | undefined;

  /** In a process group of its own, which an interrupt from the keyboard does not reach. */
  start(): void {
    this.#child = spawn('sh', ['-c', SCRIPT], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env['PATH'] ?? '' },
    });
    this.#child.on('error', () => undefined);
    this.#child.stdin?.on('error', () => undefined);
    this.#child.unref();
  }

  watch(pid: number): void {
    this.#child?.stdin?.write(`+ ${pid}\n`);
  }

  release(pid: number): void {
    this.#child?.stdin?.write(`- ${pid}\n`);
  }

  /** The shell ends when it has read all: what is still watched is ended by it. */
  stop(): void {
    this.#child?.stdin?.end();
  }
}
