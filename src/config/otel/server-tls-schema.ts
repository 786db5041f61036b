/**
 * The block `tls` of the Collector's listeners.
 * Source: core's config/configtls/configtls.go
 */
import * as z from 'zod';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { refusedWhereUsed } from '../../settings/refused-keys.ts';
import { secretSchema } from '../../settings/secret.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { tlsVersionKeySchema } from './exporter-schema.ts';

export const serverTlsSchema = z.strictObject({
  cert_file: textSchema
    .optional()
    .describe('File of the certificate, PEM; read again when it changes.'),
  cert_pem: textSchema.optional().describe('The certificate itself, PEM.'),
  key_file: textSchema.optional().describe('File of its key, PEM; read again when it changes.'),
  key_pem: secretSchema.optional().describe('Its key itself, PEM.'),
  client_ca_file: textSchema
    .optional()
    .describe('File of the authorities that must have signed the certificate of a client, PEM.'),
  client_ca_file_reload: switchSchema
    .optional()
    .describe('Has no effect: the file is read again when it has changed.'),
  min_version: tlsVersionKeySchema
    .optional()
    .meta({ description: 'Least version of TLS: 1.0, 1.1, 1.2 or 1.3.', default: '1.2' }),
  max_version: tlsVersionKeySchema
    .optional()
    .describe('Highest version of TLS: 1.0, 1.1, 1.2 or 1.3.'),
  reload_interval: goDurationSchema
    .optional()
    .describe('Has no effect: files are read again when they have changed.'),
  ca_file: refusedWhereUsed('it is for clients.'),
  ca_pem: refusedWhereUsed('it is for clients.'),
  include_system_ca_certs_pool: switchSchema
    .optional()
    .describe('Refused as true: it is for clients.'),
  cipher_suites: listOf(textSchema).optional().describe('Refused: those of Node are used.'),
  include_insecure_cipher_suites: switchSchema
    .optional()
    .describe('Refused as true: those of Node are used.'),
  curve_preferences: listOf(textSchema).optional().describe('Refused: those of Node are used.'),
  tpm: refusedWhereUsed('keys are not taken from a TPM.'),
});
