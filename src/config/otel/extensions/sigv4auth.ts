/**
 * The authenticator `sigv4auth`: signs requests with AWS credentials, each component with its own
 * region, service and role.
 * Source: contrib's extension/sigv4authextension
 */
import * as z from 'zod';
import { awsAccessShape } from '../../../settings/aws-access.ts';
import type { ConfigPath } from '../../../settings/finding.ts';
import { ignored, refusedWhereUsed } from '../../../settings/refused-keys.ts';
import { textSchema } from '../../../settings/text.ts';
import { pickSigv4 } from '../authenticators.ts';
import { defineExtension } from './extension.ts';

const RETRIES = ['imds_retries', 'max_retries', 'num_workers', 'request_timeout_seconds'];

/** Keys that only an older collector, or CloudWatch's agent, knows; follow "has no effect: ". */
const ROLE_WITHOUT_EFFECT = {
  session_duration: 'the session of the role is renewed by itself',
  expiry_window: 'the session of the role is renewed by itself',
} as const;

const schema = z.strictObject({
  region: awsAccessShape.region,
  service: textSchema
    .optional()
    .meta({ description: 'Service that is signed for.', default: 'aps' }),
  assume_role: z
    .strictObject({
      arn: awsAccessShape.role_arn,
      external_id: awsAccessShape.external_id,
      session_name: textSchema.optional().meta({
        description: 'Name of the session of the role, which CloudTrail shows.',
        default: 'amperage',
      }),
      sts_region: textSchema
        .optional()
        .describe('Region in which STS is asked for the role; region by default.'),
      web_identity_token_file: textSchema
        .optional()
        .describe('File of the token with which the role is assumed, read each time; needs arn.'),
      session_duration: ignored('Has no effect: the session of the role is renewed by itself.'),
      expiry_window: ignored('Has no effect: the session of the role is renewed by itself.'),
    })
    .optional()
    .describe('A role to assume.'),
  assume_role_with_web_identity: refusedWhereUsed(
    'write web_identity_token_file and arn in assume_role.',
  ),
  // CloudWatch's agent writes this key beside assume_role.
  role_arn: awsAccessShape.role_arn,
  ...Object.fromEntries(
    RETRIES.map((key) => [key, ignored('Has no effect: the SDK of AWS retries by its own rules.')]),
  ),
});

export const sigv4Kind = defineExtension({
  names: ['sigv4auth'],
  schema,
  resolve(input, { at, report }) {
    const { region, service, assume_role: role = {}, role_arn: ownArn } = input;
    for (const key of RETRIES)
      if (key in input)
        report.warn(
          [...at, key],
          `${key} has no effect: the SDK of AWS retries by its own rules`,
          'key',
        );
    const roleAt: ConfigPath = [...at, 'assume_role'];
    for (const [key, why] of Object.entries(ROLE_WITHOUT_EFFECT))
      if (role[key as keyof typeof role] !== undefined)
        report.warn([...roleAt, key], `${key} has no effect: ${why}`, 'key');
    if (input.assume_role_with_web_identity !== undefined) {
      // With other credentials than asked for, requests would be accepted as another role.
      report.lacks(
        [...at, 'assume_role_with_web_identity'],
        'signing with "assume_role_with_web_identity" is not built in; write ' +
          'web_identity_token_file and arn in assume_role',
      );
      return undefined;
    }
    const arn = role.arn ?? ownArn;
    if (role.web_identity_token_file !== undefined && arn === undefined)
      report.error(
        [...roleAt, 'web_identity_token_file'],
        'CONFIG_VALUE',
        '"web_identity_token_file" needs the "arn" of the role that it is for',
      );
    if (role.web_identity_token_file !== undefined && role.external_id !== undefined)
      report.warn(
        [...roleAt, 'external_id'],
        'external_id has no effect beside web_identity_token_file',
        'key',
      );
    for (const key of ['session_name', 'sts_region'] as const)
      if (arn === undefined && role[key] !== undefined)
        report.warn([...roleAt, key], `${key} has no effect without "arn"`, 'key');
    const own = pickSigv4({
      region,
      service,
      arn,
      externalId: role.web_identity_token_file === undefined ? role.external_id : undefined,
      sessionName: arn === undefined ? undefined : role.session_name,
      stsRegion: arn === undefined ? undefined : role.sts_region,
      tokenFile: arn === undefined ? undefined : role.web_identity_token_file,
    });
    return { credentials: { input: own, at } };
  },
});
