/**
 * The authenticator `basicauth`, as a client: requests carry a name and a password.
 * Source: contrib's extension/basicauthextension/config.go
 */
import * as z from 'zod';
import { basicAuthSchema } from '../../../settings/credentials.ts';
import { refusedWhereUsed } from '../../../settings/refused-keys.ts';
import { defineExtension } from './extension.ts';

const schema = z.strictObject({
  htpasswd: refusedWhereUsed('it is for servers.'),
  client_auth: basicAuthSchema
    .extend({
      aws_secrets_manager: refusedWhereUsed('give password_file.'),
    })
    .optional()
    .describe('Name and password that requests carry.'),
});

export const basicAuthKind = defineExtension({
  names: ['basicauth', 'basic_auth'],
  schema,
  minimal: { client_auth: { username: 'name', password: 'secret' } },
  resolve({ client_auth: client, htpasswd }, { at, report }) {
    if (client === undefined || htpasswd !== undefined) {
      const message =
        'basicauth of an exporter needs "client_auth" and no "htpasswd", which is for servers';
      report.error(at, 'CONFIG_VALUE', message);
      return undefined;
    }
    const clientAt = [...at, 'client_auth'];
    if (client.aws_secrets_manager !== undefined) {
      const message = 'aws_secrets_manager is not asked for credentials; give password_file';
      report.lacks([...clientAt, 'aws_secrets_manager'], message);
      return undefined;
    }
    // In the Collector a file has precedence; in remote_write only one of the two may be set.
    const either = (key: 'username' | 'password'): Record<string, unknown> => {
      const file = client[`${key}_file`];
      if (file === undefined || file === '') return { [key]: client[key] ?? '' };
      if (client[key] !== undefined)
        report.warn([...clientAt, key], `${key} has no effect beside ${key}_file`, 'key');
      return { [`${key}_file`]: file };
    };
    const input = { basic_auth: { ...either('username'), ...either('password') } };
    return { credentials: { input, at: clientAt } };
  },
});
