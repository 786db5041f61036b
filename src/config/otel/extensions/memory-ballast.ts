/**
 * The extension `memory_ballast`, which old configurations have: it filled the heap of Go, so that
 * it was collected less often.
 */
import * as z from 'zod';
import { ignored } from '../../../settings/refused-keys.ts';
import { defineExtension } from './extension.ts';

const WHY = 'Has no effect: the memory of the process needs no ballast.';

export const memoryBallastKind = defineExtension({
  names: ['memory_ballast'],
  schema: z.strictObject({ size_mib: ignored(WHY), size_in_percentage: ignored(WHY) }),
  as: 'nothing: the memory of the process needs no ballast',
  resolve(_input, { name, at, report }) {
    const why = 'the memory of the process needs no ballast';
    report.warn(at, `extension "${name}" has no effect: ${why}`, 'key');
    return {};
  },
});
