/** What a stack trace says, whatever language it was written in. */

export interface StackFrame {
  /** '' where it is not known. */
  readonly path: string;
  readonly label: string;
  /** 0 where it is not known. */
  readonly line: number;
}

/** An exception that caused the one before it in the list. */
export interface CausedBy {
  readonly type: string;
  readonly message: string;
  readonly frames: readonly StackFrame[];
}

export interface Stack {
  /** The one nearest to the fault first. */
  readonly frames: readonly StackFrame[];
  readonly causes: readonly CausedBy[];
}
