/**
 * What is done when the present turn of the event loop has ended: all of it by one immediate, which
 * costs a turn of its own.
 */
let waiting: (() => void)[] = [];

export function afterTurn(call: () => void): void {
  if (waiting.length === 0) setImmediate(runAll);
  waiting.push(call);
}

function runAll(): void {
  const calls = waiting;
  waiting = [];
  for (const call of calls) call();
}
