/**
 * The extension `agenthealth` of CloudWatch's agent: it adds headers that tell CloudWatch of that
 * agent, which are not sent here, and hands on to another authenticator.
 * Source: https://github.com/aws/amazon-cloudwatch-agent/tree/main/extension/agenthealth
 */
import * as z from 'zod';
import { ignored } from '../../../settings/refused-keys.ts';
import { textSchema } from '../../../settings/text.ts';
import { defineExtension } from './extension.ts';

const WHY = "it tells CloudWatch of CloudWatch's own agent";
const IGNORED = ['is_usage_data_enabled', 'is_status_code_enabled', 'stats'] as const;

const schema = z.strictObject({
  additional_auth: textSchema
    .optional()
    .describe('The authenticator whose credentials the requests carry.'),
  ...Object.fromEntries(IGNORED.map((key) => [key, ignored(`Has no effect: ${WHY}.`)])),
});

export const agentHealthKind = defineExtension({
  names: ['agenthealth'],
  schema,
  as: 'the authenticator that additional_auth names; nothing is told of an agent',
  resolve({ additional_auth: other, ...rest }, { at, name, report, authenticate }) {
    if (other === undefined) {
      report.warn(at, `extension "${name}" has no effect: ${WHY}`, 'key');
      return {};
    }
    for (const key of Object.keys(rest))
      report.warn([...at, key], `${key} has no effect: ${WHY}`, 'key');
    const credentials = authenticate(other, [...at, 'additional_auth']);
    return credentials && { credentials };
  },
});
