/**
 * Lines on an output of the process whose reader may stand still. Node keeps what a socket does not
 * take in memory; above a bound lines are left out, and the next line that has room says how many.
 * An output that is a pipe or a file is written synchronously, so nothing waits there.
 */

/** Bytes that may wait for the reader. */
export const WAITING_BYTES_MAX = 16 * 2 ** 20;

interface Output {
  readonly writableLength: number;
  write(text: string): boolean;
}

/** Writes lines to the output. */
export function boundedLines(output: Output): (line: string) => void {
  let leftOut = 0;
  return (line) => {
    if (output.writableLength > WAITING_BYTES_MAX) {
      leftOut += 1;
      return;
    }
    if (leftOut > 0) output.write(`${leftOut} lines were left out: nothing read this output\n`);
    leftOut = 0;
    output.write(`${line}\n`);
  };
}
