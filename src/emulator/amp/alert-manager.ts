/**
 * AMP's calls on the alert manager definition of a workspace: state only, no alert is sent.
 * Limit: DATA_MAX_BYTES of a definition.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html
 */
import * as z from 'zod';
import { describeError } from '../../kernel/errors.ts';
import { parseForeignYaml } from '../../kernel/foreign-yaml.ts';
import type { ActionHandler } from '../service.ts';
import { SinglePart } from './parts.ts';
import { blobSchema, parseAmpCall, refuseData, textOfBlob } from './requests.ts';
import { type AmpState, renderTimes } from './state.ts';

const DATA_MAX_BYTES = 100_000;
const dataSchema = z.object({ data: blobSchema(DATA_MAX_BYTES) });

export function alertManagerActions(state: AmpState): Record<string, ActionHandler> {
  const part = new SinglePart(state, 'alertManager', 'alertmanagerdefinition');
  return {
    CreateAlertManagerDefinition: (input) => {
      const { data } = parseAmpCall(dataSchema, input);
      return part.create(input, data, judge(data));
    },
    PutAlertManagerDefinition: (input) => {
      const { data } = parseAmpCall(dataSchema, input);
      return part.put(input, data, judge(data));
    },
    DescribeAlertManagerDefinition: (input) => {
      const found = part.describe(input);
      const shown = { status: found.status.at(state.nowMs()), data: found.content };
      return { alertManagerDefinition: { ...shown, ...renderTimes(found) } };
    },
    DeleteAlertManagerDefinition: (input) => part.delete(input),
  };
}

const definitionSchema = z.object({ alertmanager_config: z.string() });
const configSchema = z.object({
  route: z.object({ receiver: z.string() }),
  receivers: z.array(z.object({ name: z.string() })).min(1),
});

/**
 * Returns why the definition fails.
 *
 * @throws AwsError ValidationException for what is no definition
 */
function judge(data: string): string | undefined {
  const definition = definitionSchema.safeParse(readYaml(textOfBlob(data)));
  if (!definition.success)
    throw refuseData('the definition has no text alertmanager_config', 'CANNOT_PARSE');
  const config = configSchema.safeParse(readYaml(definition.data.alertmanager_config));
  if (!config.success) return `invalid alertmanager_config: ${z.prettifyError(config.error)}`;
  const { route, receivers } = config.data;
  return receivers.some(({ name }) => name === route.receiver)
    ? undefined
    : `undefined receiver "${route.receiver.slice(0, 100)}" used in route`;
}

function readYaml(text: string): unknown {
  try {
    return parseForeignYaml(text);
  } catch (error) {
    throw refuseData(describeError(error), 'CANNOT_PARSE');
  }
}
