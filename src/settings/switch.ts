/**
 * Values that are on or off. Prometheus reads YAML 1.1, where `yes` and `on` are booleans; here
 * these texts are read the same way.
 * Source: https://yaml.org/type/bool.html
 */
import * as z from 'zod';

const ON = ['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'y', 'Y'];
const OFF = ['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'n', 'N'];

const SWITCH: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ...ON.map((word) => [word, true] as const),
  ...OFF.map((word) => [word, false] as const),
]);

const EXPECTED = 'expected true or false';

export const switchSchema = z
  .union([z.boolean(), z.string()], { error: EXPECTED })
  .transform((written, context) => {
    const value = SWITCH.get(written);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: EXPECTED });
    return z.NEVER;
  })
  .meta({ kind: 'switch' });
