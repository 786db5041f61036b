/** A flag that is a number. */
import { ConfigError } from '../kernel/errors.ts';

/** @throws ConfigError FLAG_NUMBER for what is no finite number from 0 up */
export function numberFlag(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new ConfigError('FLAG_NUMBER', `${flag} "${text}" is not a number from 0 up`);
}
