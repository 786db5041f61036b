/**
 * The authenticator `headers_setter`: changes the headers of an exporter's requests. It runs after
 * the exporter has set its own, so `insert` and `update` see those.
 * Source: contrib's extension/headerssetterextension
 */
import * as z from 'zod';
import { checkHeaderName } from '../../../settings/http-headers.ts';
import { refusedWhereUsed } from '../../../settings/refused-keys.ts';
import { secretSchema } from '../../../settings/secret.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import type { ConfigPath } from '../../../settings/finding.ts';
import type { HeaderChange } from '../authenticators.ts';
import { defineExtension, type ExtensionContext } from './extension.ts';

const headerSchema = z.strictObject({
  key: textSchema.optional().describe('Name of the header; needed.'),
  value: secretSchema.optional().describe('Its value; needed but for delete.'),
  action: z.enum(['insert', 'update', 'upsert', 'delete', '']).optional().meta({
    description:
      'insert: only where it is absent; update: only where it is there; upsert: in any case.',
    default: 'upsert',
  }),
  default_value: secretSchema.optional().describe('Has no effect beside value.'),
  from_context: refusedWhereUsed('there are no clients whose metadata could be forwarded.'),
  from_attribute: refusedWhereUsed('there are no clients whose attributes could be forwarded.'),
  value_file: refusedWhereUsed('give "value", as from ${env:NAME} or ${file:path}.'),
});

const schema = z.strictObject({
  headers: listOf(headerSchema).optional().describe('Changes, in order; at least one is needed.'),
  additional_auth: textSchema
    .optional()
    .describe('Another authenticator, whose credentials the requests carry too.'),
});

export const headersSetterKind = defineExtension({
  names: ['headers_setter', 'headerssetter'],
  schema,
  minimal: { headers: [{ action: 'upsert', key: 'X-Scope-OrgID', value: 'tenant' }] },
  resolve({ headers = [], additional_auth: other }, context) {
    const { at, report } = context;
    if (headers.length === 0) {
      report.error(at, 'CONFIG_VALUE', 'headers_setter needs "headers"');
      return undefined;
    }
    const changes = headers.map((one, index) =>
      resolveChange(one, [...at, 'headers', index], context),
    );
    const added =
      other === undefined ? undefined : context.authenticate(other, [...at, 'additional_auth']);
    if (other !== undefined && added === undefined) return undefined;
    const whole = changes.filter((one) => one !== undefined);
    if (whole.length < changes.length) return undefined;
    const isPlain = ({ name }: HeaderChange): boolean => name.toLowerCase() !== 'authorization';
    const last = whole.findLast((one) => !isPlain(one));
    const own = last === undefined ? {} : readAuthorization(last.value);
    return {
      credentials: {
        input: { ...added?.input, ...own },
        at: added?.at ?? at,
        headers: [...(added?.headers ?? []), ...whole.filter(isPlain)],
      },
    };
  },
});

/** Undefined for one that can't be done, which the findings say. */
function resolveChange(
  written: z.output<typeof headerSchema>,
  at: ConfigPath,
  { report }: ExtensionContext,
): HeaderChange | undefined {
  const { key: name = '', value, default_value: fallback } = written;
  const fail = (key: string, message: string): undefined =>
    report.error([...at, key], 'CONFIG_VALUE', message) as undefined;
  if (name === '') return fail('key', 'a header needs a "key", its name');
  const foreign = (['from_context', 'from_attribute', 'value_file'] as const).filter(
    (key) => written[key] !== undefined,
  );
  for (const key of foreign)
    report.lacks(
      [...at, key],
      key === 'value_file'
        ? `header "${name}": "value_file" is not read; give "value", as from \${file:path}`
        : `header "${name}": "${key}" needs clients, and samples are scraped; give "value"`,
    );
  if (foreign.length > 0) return undefined;
  const action = written.action || 'upsert';
  if (action !== 'delete' && value === undefined)
    return fail('value', `header "${name}" needs a "value"`);
  if (name.toLowerCase() !== 'authorization') checkHeaderName(name, [...at, 'key'], report);
  else if (action === 'delete' || action === 'update')
    return fail('action', `header "${name}" is set by an authenticator; use upsert`);
  else if (readAuthorization(value ?? '') === undefined)
    return fail('value', `header "${name}" needs a scheme and a token, as in "Bearer token"`);
  if (fallback !== undefined)
    report.warn([...at, 'default_value'], 'default_value has no effect beside value', 'key');
  return { name, action, value: value ?? '' };
}

/** The keys of a remote_write entry for a header as it is written; undefined without a scheme. */
function readAuthorization(value: string): Readonly<Record<string, unknown>> | undefined {
  const [, type, credentials = ''] = /^(\S+) +(\S.*)$/.exec(value.trim()) ?? [];
  if (type === undefined) return undefined;
  if (type.toLowerCase() !== 'basic') return { authorization: { type, credentials } };
  const [username = '', ...rest] = Buffer.from(credentials, 'base64').toString().split(':');
  return { basic_auth: { username, password: rest.join(':') } };
}
