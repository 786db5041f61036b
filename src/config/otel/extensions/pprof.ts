/**
 * The extension `pprof`: profiles of Go do not exist here, so its address answers how this process
 * is profiled.
 * Source: contrib's extension/pprofextension/config.go
 */
import * as z from 'zod';
import { ignored, refusedWhereUsed } from '../../../settings/refused-keys.ts';
import { endpointShape, resolveServer } from '../server-settings.ts';
import { defineExtension } from './extension.ts';

const LISTEN_DEFAULT = 'localhost:1777';
const NO_GO = "has no effect: there are no profiles of Go's";

const schema = z.strictObject({
  endpoint: endpointShape.endpoint.meta({
    description: 'Address to listen on, host:port.',
    default: LISTEN_DEFAULT,
  }),
  dialer: endpointShape.dialer,
  block_profile_fraction: ignored("Has no effect: there are no profiles of Go's."),
  mutex_profile_fraction: ignored("Has no effect: there are no profiles of Go's."),
  save_to_file: refusedWhereUsed('start the process with --cpu-prof.'),
});

export const pprofKind = defineExtension({
  names: ['pprof'],
  schema,
  as: 'an answer that says how this process is profiled',
  resolve(input, context) {
    const { name, at, report } = context;
    for (const key of ['block_profile_fraction', 'mutex_profile_fraction'] as const)
      if (input[key] !== undefined) report.warn([...at, key], `${key} ${NO_GO}`, 'key');
    if (input.save_to_file !== undefined && input.save_to_file !== '')
      report.lacks(
        [...at, 'save_to_file'],
        '"save_to_file" of pprof: no profile is written; start the process with --cpu-prof, see ' +
          'docs/debugging.md',
      );
    report.warn(at, `extension "${name}" only answers how this process is profiled`, 'key');
    const server = resolveServer(input, LISTEN_DEFAULT, context);
    return server && { servers: [{ id: name, ...server, content: { is: 'profiles' } }] };
  },
});
