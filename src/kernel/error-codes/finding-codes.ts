/**
 * Codes of what a check of a configuration finds, each with file, line and column
 * (src/settings/finding.ts). An error among them ends a start with exit status 2, and leaves a
 * reload without effect.
 */
import type { CodeEntry } from './entry.ts';

export const findingCodes = {
  CONFIG_YAML: {
    means:
      'The text is not valid YAML, or it is YAML that cannot be read: an alias within what it ' +
      'names, a document of more than 1,000,000 values, a binary value that is not UTF-8.',
    remedy:
      'Mend the text at the line and column that the message names; the cause often stands a ' +
      'line above.',
  },
  CONFIG_EN_DASH: {
    means:
      'A list item begins with an en dash, an em dash or a minus sign where YAML wants a hyphen. ' +
      'Web pages and word processors make that replacement.',
    remedy: 'Type "-" in place of the character, at each line that is named.',
  },
  CONFIG_DUPLICATE: {
    means:
      'Something that must be unique is there twice: a key in one mapping, the name of a job or ' +
      'of a sink, a file that two sinks would write.',
    remedy: 'Remove one of the two, or give it a name or a place of its own.',
  },
  CONFIG_UNKNOWN_KEY: {
    means:
      'No key of this name is known at this place. Nothing is ignored in silence, since a ' +
      'misspelt key would otherwise change what is collected.',
    remedy:
      'Correct the name; the message names the nearest known key, and docs/keys/ lists all keys ' +
      'of each place.',
  },
  CONFIG_MISSING_KEY: {
    means: 'A key that has no default is absent.',
    remedy: 'Add the key that the message names; docs/keys/ says what its values are.',
  },
  CONFIG_TYPE: {
    means:
      'The value is of another type than the key takes: a text in place of a list, for example.',
    remedy: 'Write the type that the message names; look at the indentation when it looks right.',
  },
  CONFIG_VALUE: {
    means:
      'The value is of the right type and still not valid: out of range, malformed, in conflict ' +
      'with another key, or it names a variable that the environment lacks.',
    remedy: 'Change the value as the message says; docs/keys/ gives range and default of each key.',
  },
  CONFIG_UNSUPPORTED: {
    means:
      'The key or component is known and cannot be done here. It is an error, since leaving it ' +
      'out would change what is collected or where it goes. With --allow-partial it is a ' +
      'warning, and that part is left out.',
    remedy:
      'Use what the message names in its place, remove it, or start with --allow-partial if the ' +
      'rest is enough.',
  },
  CONFIG_FILE: {
    means:
      'A file of the configuration (itself, one that it includes, or a secret that it names) ' +
      'does not exist, may not be read, or is longer than 16 Mi characters.',
    remedy: 'Check the path, which starts at the folder of the main file, and who may read it.',
  },
  CONFIG_NOTE: {
    means:
      'A warning: the configuration is valid and is used, and something in it has no effect or ' +
      'another effect than one may think.',
    remedy: 'Nothing has to be done; change it as the message says to make the warning go away.',
  },
} as const satisfies Record<string, CodeEntry>;
