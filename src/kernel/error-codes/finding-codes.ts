/**
 * Codes of the findings of a configuration, each with file, line and column
 * (src/settings/finding.ts). An error among them ends a start with exit status 2, and a reload
 * without effect.
 */
import type { CodeEntry } from './entry.ts';

export const findingCodes = {
  CONFIG_YAML: {
    means:
      'The text is not valid YAML, or it is YAML that cannot be used: an alias inside its own ' +
      'anchor, a document of more than 1,000,000 values, a binary value that is not UTF-8.',
    remedy:
      'Correct the text at the line and column that the message names; the cause is often one ' +
      'line above.',
  },
  CONFIG_EN_DASH: {
    means:
      'A list item begins with an en dash, an em dash or a minus sign where YAML wants a hyphen. ' +
      'Web pages and word processors replace hyphens so.',
    remedy: 'Type "-" in place of the character, in each line that is named.',
  },
  CONFIG_DUPLICATE: {
    means:
      'Something that must be unique is there twice: a key in one mapping, the name of a job or ' +
      'of a sink, a file that two sinks would write.',
    remedy: 'Remove one of the two, or give it a name or a path of its own.',
  },
  CONFIG_UNKNOWN_KEY: {
    means:
      'No key of this name is known here. Unknown keys are never ignored, since a misspelt key ' +
      'would change what is collected.',
    remedy:
      'Correct the name; the message names the nearest known key, and docs/keys/ lists the keys ' +
      'of each block.',
  },
  CONFIG_MISSING_KEY: {
    means: 'A required key is absent: it has no default.',
    remedy: 'Add the key that the message names; docs/keys/ gives its values.',
  },
  CONFIG_TYPE: {
    means:
      'The value has a type that the key does not take: a text in place of a list, for example.',
    remedy:
      'Write a value of the type that the message names; check the indentation if the value ' +
      'looks right.',
  },
  CONFIG_VALUE: {
    means:
      'The value has the right type and is still not valid: out of range, malformed, in conflict ' +
      'with another key, or it names a variable that the environment lacks.',
    remedy:
      'Change the value as the message says; docs/keys/ gives the range and default of each key.',
  },
  CONFIG_UNSUPPORTED: {
    means:
      'The key or component is known, and Amperage does not support it. It is an error, since ' +
      'leaving it out would change what is collected or where it goes. With --allow-partial it ' +
      'is a warning, and that part is left out.',
    remedy:
      'Use the replacement that the message names, remove the part, or start with ' +
      '--allow-partial if the rest is enough.',
  },
  CONFIG_FILE: {
    means:
      'A file of the configuration (itself, one that it includes, or a secret that it names) ' +
      'does not exist, may not be read, or is longer than 16 Mi characters.',
    remedy:
      'Check the path, which is relative to the folder of the main file, and the permissions of ' +
      'the file.',
  },
  CONFIG_NOTE: {
    means:
      'A warning: the configuration is valid and is used, but something in it has no effect, or ' +
      'another effect than one may expect.',
    remedy: 'Nothing must be done; a change as the message says makes the warning go away.',
  },
} as const satisfies Record<string, CodeEntry>;
