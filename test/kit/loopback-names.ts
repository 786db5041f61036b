/**
 * Loaded into a command before its own code (`--import`): every name is that of the loopback.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

type Found = readonly { readonly address: string; readonly family: number }[];
type Done = (error: null, found: string | Found, family?: number) => void;

function lookup(_name: string, options: { readonly all?: boolean } | Done, done?: Done): void {
  const callback = typeof options === 'function' ? options : done;
  const isAll = typeof options === 'object' && options.all === true;
  process.nextTick(() => {
    if (isAll) callback?.(null, [{ address: '127.0.0.1', family: 4 }]);
    else callback?.(null, '127.0.0.1', 4);
  });
}

Object.assign(dns, { lookup });
syncBuiltinESMExports();
