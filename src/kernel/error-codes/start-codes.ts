/**
 * Codes of what ends a command before it has begun, with exit status 2: flags, environment, files,
 * ports, folders. What a check of a configuration finds is in finding-codes.ts.
 */
import type { CodeEntry } from './entry.ts';

const flags = {
  FLAG_BYTES: {
    means: 'The value of a flag is not a size in bytes.',
    remedy: 'Write a number of bytes, or one with its unit: 512KB, 15MB, 1GB.',
  },
  FLAG_COMBINATION: {
    means: 'Two flags exclude each other, or one needs another that is absent.',
    remedy: 'Give the flags together that the message names, or leave one of them out.',
  },
  FLAG_DURATION: {
    means: 'The value of a flag, or of the variable in its place, is not a duration in its range.',
    remedy: 'Write a number with its unit: 500ms, 30s, 1m30s, 1h, 15d.',
  },
  FLAG_NUMBER: {
    means: 'The value of a flag is not a number, or is out of range.',
    remedy: 'Write a whole number in the range that the message names, without a unit.',
  },
  FLAG_VALUE: {
    means: 'The value of a flag has not the form that the flag takes.',
    remedy: 'Write it as in the example of the message; each command has --help with examples.',
  },
  LISTEN_ADDRESS: {
    means: 'An address to listen on is not host:port.',
    remedy: 'Write for example 127.0.0.1:9779, [::1]:9779, or :9779.',
  },
} as const;

const listening = {
  LISTEN_FAILED: {
    means:
      'The address cannot be listened on for the reason in the message: no such address, no such ' +
      'folder.',
    remedy: 'Choose an address of this machine, or a path in a folder that exists.',
  },
  PORT_IN_USE: {
    means: 'Another process listens on the port or socket already.',
    remedy: 'Stop that process, or choose another address.',
  },
  PORT_FORBIDDEN: {
    means:
      'The user of this process may not listen on the port; those below 1024 need a right of ' +
      'their own.',
    remedy: 'Choose a port above 1023, or give the container the capability NET_BIND_SERVICE.',
  },
} as const;

const configuration = {
  CONFIG_SOURCE: {
    means:
      'What names the source of a configuration is none, or lacks a part, such as the key of an ' +
      'S3 object.',
    remedy:
      'Write it as docs/configuration.md shows: a path, s3://bucket/key, ssm:/name, env:NAME and ' +
      'others.',
  },
  CONFIG_UNREADABLE: {
    means:
      'The source of a configuration was named right and cannot be read: no answer, no ' +
      'permission, too long, or a secret without the key that is asked for.',
    remedy:
      'The message has the cause. On AWS look at the permission that the kind of source needs, ' +
      'in docs/configuration.md.',
  },
  CONFIG_INVALID: {
    means:
      '"amperage check config" has found errors; each is printed with its own code before this ' +
      'one.',
    remedy: 'Mend what is printed above.',
  },
  JOB_UNKNOWN: {
    means: 'The configuration has no job of that name, or none at all.',
    remedy: 'Give one of the job names that the message lists.',
  },
} as const;

const files = {
  EMULATOR_SCENARIO: {
    means:
      'The scenario file of "emulate" cannot be read, is not YAML, or has a step that no service ' +
      'knows.',
    remedy: 'Mend what the message names; docs/keys/emulator-scenario.md lists the keys.',
  },
  PROXY_ROUTES: {
    means:
      'The routes file of "proxy" cannot be read, is not YAML, or has a key or value that is not ' +
      'valid.',
    remedy: 'Mend what the message names; docs/keys/proxy-routes.md lists the keys.',
  },
  WEB_CONFIG: {
    means:
      'The file of --web.config.file cannot be read, is not YAML, has a key or value that is not ' +
      'valid, a password that is no bcrypt hash, or certificates that TLS does not take.',
    remedy: 'Mend what the message names; docs/keys/web-config.md lists the keys.',
  },
  TRUST_FILE: {
    means: 'Certificate authorities that a flag or variable names cannot be taken.',
    remedy:
      'Name a PEM file, or a folder of them, that this user may read; docs/tls.md says which ' +
      'names there are.',
  },
} as const;

const places = {
  DISK_FULL: {
    means: 'The disk has less room than the command needs.',
    remedy: 'Free some space, or choose another folder with --data.',
  },
  QUEUE_ABSENT: {
    means: 'There is no folder of queues at the path that "check queue" was given.',
    remedy: 'Give the folder that "collect" has as --storage.path.',
  },
  QUEUE_LOCKED: {
    means: 'Another process has the queue open: two collectors may not share one.',
    remedy: 'Stop the other process, or give each its own --storage.path.',
  },
  QUEUE_UNUSABLE: {
    means: 'The folder of a queue cannot be made, read or written.',
    remedy: 'Give a folder that this user may write, on a file system that is not read-only.',
  },
  STORE_OPEN: {
    means: 'The workspace cannot open its store, most often since another workspace has it open.',
    remedy: 'Stop the other one, or choose another folder with --data.',
  },
} as const;

const environment = {
  DISCOVERY_MODE: {
    means: 'The variable SERVICE_DISCOVERY_MODE has a value that is not known.',
    remedy: 'Set it to HTTP_BASED or FILE_BASED, or leave it out.',
  },
  DISCOVERY_TIMEOUT: {
    means: 'There was no whole list of targets within the time that the command waits.',
    remedy:
      'What could not be read is printed before: most often a permission or a name; "discover ' +
      'explain" without a limit helps to find it.',
  },
  METADATA_ENDPOINT: {
    means:
      'The task metadata endpoint is not known, since ECS_CONTAINER_METADATA_URI_V4 is absent or ' +
      'no URL. Without it the command does not know in which task it runs.',
    remedy:
      'Run it in a task of ECS, where ECS sets the variable; elsewhere use what the message names.',
  },
  METRICS_INVALID: {
    means:
      '"check metrics" has found that a body is no exposition; line and column are in the message.',
    remedy: 'Mend what serves the body.',
  },
  METRICS_FILE: {
    means: 'The file that "check metrics" was given cannot be read.',
    remedy: 'Give a file that exists and may be read, or the URL of a target.',
  },
  METRICS_STATUS: {
    means: 'The URL that "check metrics" was given answered with another status than 200.',
    remedy: 'Check the URL, and whether it wants credentials.',
  },
  WORKSPACE_KEYS: {
    means: 'The workspace has no key to verify signatures with, and does not take unsigned writes.',
    remedy: 'Set the two variables that the message names, or give --trust-emulator.',
  },
} as const;

export const startCodes = {
  ...flags,
  ...listening,
  ...configuration,
  ...files,
  ...places,
  ...environment,
} as const satisfies Record<string, CodeEntry>;
