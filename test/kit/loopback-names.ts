/**
 * Loaded into a command before its own code (`--import`): every name is that of the loopback.
 */
import dns from 'node:dns';
import promises from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';

const LOOPBACK = { address: '127.0.0.1', family: 4 };

type Found = readonly (typeof LOOPBACK)[];
type Done = (error: null, found: string | Found, family?: number) => void;

function lookup(_name: string, options: { readonly all?: boolean } | Done, done?: Done): void {
  const callback = typeof options === 'function' ? options : done;
  const isAll = typeof options === 'object' && options.all === true;
  process.nextTick(() => {
    if (isAll) callback?.(null, [LOOPBACK]);
    else callback?.(null, LOOPBACK.address, LOOPBACK.family);
  });
}

function promiseLookup(_name: string, options?: { readonly all?: boolean }): Promise<unknown> {
  return Promise.resolve(options?.all === true ? [LOOPBACK] : LOOPBACK);
}

Object.assign(dns, { lookup });
Object.assign(promises, { lookup: promiseLookup });
syncBuiltinESMExports();
