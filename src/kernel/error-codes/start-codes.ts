/**
 * Codes of errors that end a command before its work begins, with exit status 2: flags,
 * environment, files, ports, folders. Not here: the findings of a configuration (finding-codes.ts).
 */
import type { CodeEntry } from './entry.ts';

const flags = {
  USAGE: {
    means:
      'The command line names a command or flag that does not exist, lacks an argument or has ' +
      'one too many, or gives a flag a word that it does not take.',
    remedy: 'Read the help of the command: "amperage help COMMAND".',
  },
  NODE_VERSION: {
    means:
      'The Node that was to run Amperage is older than the package allows, and lacks modules ' +
      'that it needs.',
    remedy:
      'Install the version of Node that the message names, or a newer one; where several are ' +
      'installed, put it first in PATH.',
  },
  FLAG_BYTES: {
    means: 'The value of a flag is not a size in bytes.',
    remedy: 'Write a number of bytes, or one with its unit: 512KB, 15MB, 1GB.',
  },
  FLAG_COMBINATION: {
    means: 'Two flags exclude each other, or one needs another that is absent.',
    remedy: 'Give the flags together that the message names, or leave one of them out.',
  },
  FLAG_DURATION: {
    means:
      'The value of a flag, or of the variable that stands for it, is not a duration, or is out ' +
      'of range.',
    remedy: 'Write a number with its unit: 500ms, 30s, 1m30s, 1h, 15d.',
  },
  FLAG_NUMBER: {
    means: 'The value of a flag is not a number, or is out of range.',
    remedy: 'Write a whole number in the range that the message names, without a unit.',
  },
  FLAG_REPLACED: {
    means: 'A flag of a program that the command stands in for asks for what is not done here.',
    remedy: 'Do what the message says, and leave the flag out; docs/replaced-programs.md has all.',
  },
  FLAG_VALUE: {
    means: 'The value of a flag does not have the form that the flag takes.',
    remedy: 'Write it as the example in the message; --help of the command has more examples.',
  },
  LISTEN_ADDRESS: {
    means: 'An address to listen on is not host:port.',
    remedy: 'Write for example 127.0.0.1:9779, [::1]:9779, or :9779.',
  },
} as const;

const listening = {
  LISTEN_FAILED: {
    means:
      'The command cannot listen on the address; the message has the reason, such as an address ' +
      'or a folder that does not exist.',
    remedy: 'Choose an address of this machine, or a path in a folder that exists.',
  },
  PORT_IN_USE: {
    means: 'Another process already listens on the port or socket.',
    remedy: 'Stop that process, or choose another address.',
  },
  PORT_FORBIDDEN: {
    means:
      'The user of this process may not listen on the port; ports below 1024 need a special ' +
      'permission.',
    remedy: 'Choose a port above 1023, or give the container the capability NET_BIND_SERVICE.',
  },
} as const;

const configuration = {
  CONFIG_SOURCE: {
    means:
      'The source of a configuration is not named in a known form, or its name lacks a part, ' +
      'such as the key of an S3 object.',
    remedy:
      'Name it as docs/configuration.md shows: a path, s3://bucket/key, ssm:/name, env:NAME and ' +
      'others.',
  },
  CONFIG_UNREADABLE: {
    means:
      'The source of a configuration cannot be read: no answer, no permission, too long, or a ' +
      'secret without the key that is asked for.',
    remedy:
      'The message has the cause. On AWS, check the permission that this kind of source needs: ' +
      'docs/configuration.md lists them.',
  },
  CONFIG_NO_EQUIVALENT: {
    means: 'A configuration does what the other dialect cannot express; the message says what.',
    remedy: 'Keep the configuration as it is: collect takes both dialects.',
  },
  CONFIG_INVALID: {
    means:
      '"amperage check config" has found errors; each is printed with its own code before this ' +
      'one.',
    remedy: 'Correct the errors that are printed above.',
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
    remedy: 'Correct what the message names; docs/keys/emulator-scenario.md lists the keys.',
  },
  EMULATOR_IMAGES: {
    means:
      'The file of images of "emulate" cannot be read, is not YAML, or has a key or value that ' +
      'is not valid.',
    remedy: 'Correct what the message names; docs/keys/emulator-images.md lists the keys.',
  },
  PROXY_ROUTES: {
    means:
      'The routes file of "proxy" cannot be read, is not YAML, or has a key or value that is not ' +
      'valid.',
    remedy: 'Correct what the message names; docs/keys/proxy-routes.md lists the keys.',
  },
  WEB_CONFIG: {
    means:
      'The file of --web.config.file cannot be read, is not YAML, or has a key or value that is ' +
      'not valid, a password that is not a bcrypt hash, or certificates that TLS does not take.',
    remedy: 'Correct what the message names; docs/keys/web-config.md lists the keys.',
  },
  TRUST_FILE: {
    means: 'The certificate authorities that a flag or variable names cannot be used.',
    remedy:
      'Name a PEM file, or a folder of them, that this user may read; docs/tls.md lists the ' +
      'flags and variables.',
  },
} as const;

const storage = {
  DISK_FULL: {
    means: 'The disk has less free space than the command needs.',
    remedy: 'Free some space, or choose another folder with --storage.path.',
  },
  QUEUE_ABSENT: {
    means: 'There is no folder of queues at the path that "check queue" was given.',
    remedy: 'Give the folder that "collect" has as --storage.path.',
  },
  FOLDER_UNUSABLE: {
    means:
      'A folder that a flag names cannot be made or written: a file is in its place, it is ' +
      'read-only, or it belongs to another user.',
    remedy:
      'Name a folder that this user may write; in a container, mount a volume there. The message ' +
      'has the flag and the reason.',
  },
  QUEUE_LOCKED: {
    means: 'Another process has the queue open; two collectors must not share one.',
    remedy: 'Stop the other process, or give each its own --storage.path.',
  },
  QUEUE_UNUSABLE: {
    means: 'The folder of a queue cannot be created, read or written.',
    remedy: 'Give a folder that this user may write, on a file system that is not read-only.',
  },
  STORE_OPEN: {
    means: 'The workspace cannot open its store, most often because another workspace has it open.',
    remedy: 'Stop the other workspace, or choose another folder with --storage.path.',
  },
} as const;

const environment = {
  ENDPOINT_VARIABLE: {
    means: 'AWS_ENDPOINT_URL, or the variable of one service, is set to a text that is no URL.',
    remedy:
      'Write a URL, such as http://127.0.0.1:4566, or leave the variable out: the services of ' +
      'AWS are found without it.',
  },
  PROXY_VARIABLE: {
    means: 'HTTPS_PROXY or HTTP_PROXY is set to a text that names no proxy of HTTP.',
    remedy: 'Write http://host:port or host:port, or leave the variable out.',
  },
  DISCOVERY_MODE: {
    means: 'The variable SERVICE_DISCOVERY_MODE has an unknown value.',
    remedy: 'Set it to HTTP_BASED or FILE_BASED, or leave it out.',
  },
  DISCOVERY_INCOMPLETE: {
    means:
      'The list of targets cannot become whole: what it is asked of does not exist, or may not ' +
      'be read.',
    remedy:
      'The message names it: correct the name of the cluster or namespace, look into the region ' +
      'that the command asks (AWS_REGION), or give the role in use the action that is named.',
  },
  TASK_UNKNOWN: {
    means: 'No task, instance or service of the lists has that text in its name.',
    remedy:
      'Write a part of the id or of the service; without it "discover explain" shows all of them.',
  },
  DISCOVERY_TIMEOUT: {
    means: 'The list of targets was not whole within the time that the command waits.',
    remedy:
      'What could not be read is printed before it: most often a permission is missing or a name ' +
      'is wrong; "discover explain" without a limit helps to find it.',
  },
  METADATA_ENDPOINT: {
    means:
      'The task metadata endpoint is not known, since ECS_CONTAINER_METADATA_URI_V4 is not set ' +
      'or not a URL. Without it the command does not know in which task it runs.',
    remedy:
      'Run the command in an ECS task, where ECS sets the variable; elsewhere do as the message ' +
      'says.',
  },
  METRICS_INVALID: {
    means:
      '"check metrics" has found a body that is not a valid exposition; the message gives line ' +
      'and column.',
    remedy: 'Correct the application that serves the body.',
  },
  METRICS_FILE: {
    means: 'The file that "check metrics" was given cannot be read.',
    remedy: 'Give a file that exists and may be read, or the URL of a target.',
  },
  METRICS_STATUS: {
    means: 'The URL that "check metrics" was given answered with a status other than 200.',
    remedy: 'Check the URL, and whether it needs credentials.',
  },
  EMF_INVALID: {
    means:
      '"check emf" has found events of which CloudWatch makes no metrics, or not all; each line ' +
      'before it names a fault with its file, line and place.',
    remedy: 'Correct what writes the events; docs/cloudwatch.md has the limits.',
  },
  EMF_FILE: {
    means: 'The file that "check emf" was given cannot be read.',
    remedy: 'Give a file that exists and may be read, with an event in each line.',
  },
  WORKSPACE_KEYS: {
    means: 'The workspace has no key to verify signatures with, and does not take unsigned writes.',
    remedy: 'Set the two variables that the message names, or give --trust-emulator.',
  },
} as const;

const deploying = {
  NOT_CONFIRMED: {
    means:
      'Something on AWS is to be replaced or deleted, and nobody said yes: the answer was ' +
      'another, or there is no terminal to ask on. Nothing was changed.',
    remedy: 'Read what would be done, and answer yes or give --yes.',
  },
  STACK_BUSY: {
    means: 'CloudFormation is at work on the stack, for another command or person.',
    remedy: 'Wait for its end: "amperage status STACK --follow".',
  },
  STACK_STATE: {
    means: 'The stack is in a state that no change leads out of, or is protected from deletion.',
    remedy:
      'Do what the message says: take it away (deploy --replace), go on with its roll-back, or ' +
      'end its protection.',
  },
  STACK_UNKNOWN: {
    means: 'There is no stack of that name in the account and region of the credentials.',
    remedy: 'Name another with --stack, --region or --profile, or deploy it.',
  },
  TEMPLATE_SIZE: {
    means: 'The template is longer than a call of CloudFormation takes, or more than one stack.',
    remedy:
      'Name a bucket of the region with --bucket, from which CloudFormation reads it; what is ' +
      'more than a stack takes is divided between two models, or made by Terraform.',
  },
} as const;

export const startCodes = {
  ...flags,
  ...listening,
  ...configuration,
  ...files,
  ...storage,
  ...environment,
  ...deploying,
} as const satisfies Record<string, CodeEntry>;
