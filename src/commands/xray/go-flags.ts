/**
 * Rewrites arguments as Go's `flag` package reads them into what our parser understands:
 *
 *     -bind x   --bind x   -bind=x   -b x   -b=x      →  --bind=x
 *     -o   --local-mode   -o=1                        →  --local-mode=true   --local-mode=1
 *     -b 1:2 rest -o                                  →  --bind=1:2 -- rest -o
 *
 * A flag that takes a value takes the next argument, whatever it is; a switch takes one only behind
 * "=". Flags end at the first argument that is none; the daemon does not read what follows, and
 * neither do we. An unknown flag stays, with two dashes, and the parser refuses it by name.
 * Pure. Source: https://pkg.go.dev/flag#hdr-Command_line_flag_syntax
 */
import { ConfigError } from '../../kernel/errors.ts';
import { allFlags, type XrayFlag } from './flag-table.ts';

const byName = new Map<string, XrayFlag>(
  allFlags.flatMap((flag) => [
    [flag.long.slice(2), flag] as const,
    ...(flag.short === undefined ? [] : [[flag.short, flag] as const]),
  ]),
);

/**
 * @param given  what follows the name of the command
 * @throws ConfigError for an argument such as `---x` or `-=x`, at which Go ends with status 2
 */
export function rewriteGoFlags(given: readonly string[]): string[] {
  const flags: string[] = [];
  for (let at = 0; at < given.length; at += 1) {
    const argument = given[at] ?? '';
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
    if (argument === '--') return endFlags(flags, given.slice(at + 1));
    if (/^(?:---|--?=)/.test(argument)) throw new ConfigError('FLAG_VALUE', faultOf(argument));
    if (match === null) return endFlags(flags, given.slice(at));
    const [, name = '', value] = match;
    if (name === 'h' || name === 'help') return ['--help'];
    const flag = byName.get(name);
    if (flag === undefined) flags.push(`-${argument.replace(/^--?/, '-')}`);
    else if (flag.value === undefined) flags.push(`${flag.long}=${value ?? 'true'}`);
    else if (value !== undefined) flags.push(`${flag.long}=${value}`);
    else if (at + 1 < given.length) {
      at += 1;
      flags.push(`${flag.long}=${given[at] ?? ''}`);
    } else flags.push(flag.long);
  }
  return flags;
}

/** The value is not shown: it may be secret. */
function faultOf(argument: string): string {
  const name = argument.replace(/(.=).*$/s, '$1…');
  return `bad flag syntax: ${name}; write -flag, --flag or -flag=value`;
}

function endFlags(flags: readonly string[], rest: readonly string[]): string[] {
  return rest.length === 0 ? [...flags] : [...flags, '--', ...rest];
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

/** The value of a switch; undefined for a text that is none. */
export function readGoSwitch(text: string): boolean | undefined {
  return SWITCH.get(text);
}

/** A whole number in Go's forms (8, 0x10, 1_000); undefined for a text that is none. */
export function readGoWhole(text: string): number | undefined {
  const form = /^[+-]?(?:0|[1-9]\d*(?:_\d+)*|0x[\da-f]+|0o?[0-7]+|0b[01]+)$/i;
  if (!form.test(text)) return undefined;
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
  const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return Number.isSafeInteger(value) ? sign * value : undefined;
}
