/**
 * The form of the tables of programs that a command stands in for: each flag and variable of the
 * program with what becomes of it. The flags of the commands are made from these tables
 * (`add-flags.ts`), and so is docs/replaced-programs.md. Pure.
 */

export type ReplacedFate =
  /** The command has it under the same name. */
  | { readonly is: 'own' }
  /** It stands for a flag of ours. */
  | { readonly is: 'as'; readonly flag: string; readonly read?: (text: string) => string }
  /** What it asks for is always so. */
  | { readonly is: 'always'; readonly why: string }
  /** Taken without effect; `why` is the warning, with what to use instead. */
  | { readonly is: 'idle'; readonly why: string }
  /** Ends the command; the text says what to use instead. */
  | { readonly is: 'refused'; readonly instead: string }
  /** Names a file, whose text "check convert" writes into the configuration; refused else. */
  | { readonly is: 'file'; readonly as: string; readonly instead: string }
  /** A list of names with commas, each with a fate; those that are not here are warned of. */
  | { readonly is: 'names'; readonly names: Readonly<Record<string, ReplacedFate>> }
  /** A part of a configuration that is made of several flags (`flag-sources.ts`). */
  | { readonly is: 'source'; readonly as: string };

/** Names that share a fate, separated by blanks; `name@2.32`: since that version. */
export interface NameGroup {
  readonly fate: ReplacedFate;
  readonly values?: string;
  /** Flags that need no value. */
  readonly switches?: string;
  /** The value that the flags have when they are not given; it asks for nothing. */
  readonly unset?: string;
  /** Of variables: who sets one of them has this program, and no other (`choose-command.ts`). */
  readonly tells?: boolean;
}

export interface ReplacedProgram {
  readonly name: string;
  /** The command that stands in for it. */
  readonly command: string;
  /** Where the list of its flags can be read. */
  readonly source: string;
  /** How it writes flags; `-` are those of Go, which take two dashes as well. */
  readonly dashes: '-' | '--';
  /** How values of its flags name variables of the environment, the name in a group. */
  readonly variables?: RegExp;
  /** Its flags of one letter. */
  readonly letters?: string;
  readonly flags: readonly NameGroup[];
  readonly environment: readonly NameGroup[];
}

export interface ReplacedFlag {
  readonly name: string;
  readonly since: string | undefined;
  readonly isSwitch: boolean;
  readonly fate: ReplacedFate;
  readonly unset: string | undefined;
}

export function listReplaced(group: NameGroup): ReplacedFlag[] {
  const { fate, values = '', switches = '', unset } = group;
  const read = (text: string, isSwitch: boolean): ReplacedFlag[] =>
    text
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => {
        const [name = '', since] = word.split('@');
        return { name, since, isSwitch, fate, unset };
      });
  return [...read(values, false), ...read(switches, true)];
}

export const OWN: ReplacedFate = { is: 'own' };
export const idle = (why: string): ReplacedFate => ({ is: 'idle', why });
export const always = (why: string): ReplacedFate => ({ is: 'always', why });
export const refused = (instead: string): ReplacedFate => ({ is: 'refused', instead });

/** What every program in Go reads of its environment. */
export const GO_RUNTIME: NameGroup = {
  fate: idle(
    'they are for programs in Go; give Node its memory with NODE_OPTIONS=--max-old-space-size=MB',
  ),
  values: 'GOGC GOMEMLIMIT GOMAXPROCS GODEBUG',
};

/** What the command's credentials and region are found by. */
export const AWS_VARIABLES: NameGroup = {
  fate: OWN,
  values:
    'AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY ' +
    'AWS_SESSION_TOKEN AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_SHARED_CREDENTIALS_FILE ' +
    'AWS_CONFIG_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI',
};
