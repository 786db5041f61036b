/**
 * Keeps warnings of the SDK's HTTP client off the output. The clients that its credential providers
 * make take no logger and write to the console, past the format of our log; a fetch that fails or
 * hangs is told by us anyway (credential-report.ts).
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const calls = new AsyncLocalStorage<true>();
const OF_SDK = /^@(?:smithy|aws-sdk)\//;
let isInstalled = false;

/** Runs a call of the SDK; what it begins writes no warnings of its own. */
export function runQuietly<Value>(call: () => Promise<Value>): Promise<Value> {
  install();
  return calls.run(true, call);
}

/** Once for the process; warnings of all others pass. */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  const warn = console.warn.bind(console);
  console.warn = (...words: unknown[]): void => {
    const [first] = words;
    const isOfSdk = typeof first === 'string' && OF_SDK.test(first);
    if (!isOfSdk || calls.getStore() === undefined) warn(...words);
  };
}
