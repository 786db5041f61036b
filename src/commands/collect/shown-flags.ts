/**
 * The flags of a command with their values as `/api/v1/status/flags` shows them: without what a
 * source of a configuration holds in its text (`yaml:…`), and without passwords and queries of
 * URLs.
 */
import type { Command } from 'commander';
import { hideInUrls } from '../../config/hidden-urls.ts';
import { parseSourceUri, publicName } from '../../config/sources/uri.ts';

/** Flags whose values name sources of a configuration. */
const SOURCES = new Set(['config', 'config.file']);

/** The flags by their names without the dashes; '' for one without a value. */
export function showFlags(command: Command): Record<string, string> {
  return Object.fromEntries(
    command.options
      .filter(({ hidden }) => !hidden)
      .map((option) => {
        const name = option.long?.replace(/^--/, '') ?? '';
        const value: unknown = command.getOptionValue(option.attributeName());
        const values = Array.isArray(value) ? (value as readonly unknown[]) : [value ?? ''];
        const show = SOURCES.has(name) ? nameSource : hideInUrls;
        return [name, values.map((one) => show(String(one))).join(',')];
      }),
  );
}

function nameSource(text: string): string {
  return text === '' ? '' : hideInUrls(publicName(parseSourceUri(text), text));
}
