/** What an operation on a stack stands on. */
import type { Clock } from '../../kernel/clock.ts';
import type { InsideCall } from '../cloud-parts.ts';
import type { AwsPlace } from '../service.ts';
import type { EmulatedStack } from './stack.ts';

export interface OperationEdges {
  readonly clock: Clock;
  readonly place: AwsPlace;
  readonly call: InsideCall;
  /** Aborts when the emulator stops. */
  readonly signal: AbortSignal;
  /** The value of an export of another stack. @throws AwsError */
  importValue(name: string): string;
  /** Why the exports of a stack cannot become these; undefined where they can. */
  judgeExports(stack: EmulatedStack, names: readonly string[]): string | undefined;
}
