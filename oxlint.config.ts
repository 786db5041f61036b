/**
 * The lint rules, and with them the walls of the house: which folder may import which (`layers`),
 * which parts of one folder may not know each other (`rooms`), and what computes and does nothing
 * else (`pure`). The three tables are the whole architecture; ARCHITECTURE.md says why.
 * Imports of types count, and so do re-exports and dynamic imports.
 */
import { defineConfig } from 'oxlint';
import { buildWalls, type Rooms } from './scripts/lint/walls.ts';

export const pure = ['model', 'wire', 'relabel'];
const low = [...pure, 'kernel', 'aws'];
/** What features share. None of these knows another. */
const shared = ['settings', 'queue', 'delivery', 'transforms', 'routes'];
const features = [
  'discovery', 'sharding', 'scrape', 'sinks', 'exporter', 'proxy', 'workspace', 'page', 'emulator',
  'deploy', 'otlp', 'pushes', 'sample-app', 'statsd', 'xray',
]; // prettier-ignore

/** Folder of src → the folders that it may import, besides itself. */
export const layers: Record<string, readonly string[]> = {
  model: [],
  wire: ['model'],
  relabel: ['model'],
  kernel: pure,
  aws: [...pure, 'kernel'],
  ...Object.fromEntries(shared.map((folder) => [folder, low])),
  ...Object.fromEntries(features.map((folder) => [folder, [...low, ...shared]])),
  config: [...low, ...shared, ...features],
  doctor: [...low, ...shared, ...features, 'config'],
  commands: [...low, ...shared, ...features, 'config', 'doctor'],
  main: ['commands'],
};

/** Folder → its rooms → the rooms beside it that each may import; joints join them. */
export const rooms: Record<string, Rooms> = {
  // Codecs: expositions and remote write know protobuf, and not each other.
  wire: {
    rooms: {
      cbor: ['errors'], emf: [],
      errors: [], exposition: ['errors', 'protobuf', 'varint'], protobuf: ['errors', 'varint'],
      otlp: ['errors', 'protobuf', 'varint'],
      'remote-write': ['errors', 'protobuf', 'varint'], segments: ['otlp'],
      snappy: ['errors', 'varint'], varint: ['errors'],
      xray: ['errors', 'otlp'],
    },
  }, // prettier-ignore
  // What is assembled of series is for all sinks that hand on metrics.
  sinks: {
    joints: ['sinks'],
    rooms: {
      assembly: [],
      debug: ['assembly'],
      emf: ['assembly'],
      file: [],
      otlp: ['assembly', 'requests'],
      'otlp-file': ['assembly'],
      'remote-write': ['requests'],
      requests: [],
      xray: [],
    },
  },
  'sinks/remote-write': { joints: ['sink'], rooms: { 'way-in': [], 'way-out': [] } },
  // The store implements what the engine asks of it (promql/queryable.ts), so it stands above.
  workspace: {
    joints: ['serving'],
    rooms: {
      promql: [], storage: ['promql'], api: ['promql', 'storage'], cloudwatch: ['api'], traces: ['api'],
      rules: ['api', 'promql', 'storage'],
    },
  }, // prettier-ignore
  discovery: {
    joints: ['aws', 'mechanisms'],
    rooms: {
      cloudmap: [],
      dns: [],
      ec2: [],
      ecs: [],
      elasticache: [],
      file: [],
      http: [],
      msk: [],
      rds: [],
      static: [],
    },
  },
  emulator: {
    joints: ['cloud', 'region', 'admin-actions', 'admin-routes', 'container-instances', 'network-interfaces', 'server',
      'task-surroundings', 'workspace-usage',
    ],
    rooms: {
      amp: [], autoscaling: [], 'cloud-map': [], cloudformation: ['s3'], cloudwatch: [], 'container-credentials': [],
      ec2: [], ecs: [], efs: [], elasticache: [], iam: [], 'instance-metadata': [],
      kafka: [], logs: [], parameters: [], rds: [], s3: ['s3-listing', 's3-requests'], 's3-listing': [], 's3-requests': [],
      secrets: [], sqs: [], 'task-metadata': [], xray: [],
    },
  }, // prettier-ignore
  // What a template is made of knows none of the forms that it is written in.
  deploy: {
    joints: ['describe'],
    rooms: {
      'beside-schema': [],
      cloudformation: ['template'],
      'collector-schema': [],
      commands: ['partitions', 'template'],
      deployer: ['discovery-permissions', 'permissions', 'template'],
      'discovery-permissions': ['permissions', 'template'],
      losses: ['parts', 'schema'],
      partitions: [],
      parts: ['collector-schema', 'permissions', 'schema', 'template'],
      permissions: ['template'],
      'place-rules': ['collector-schema'],
      schema: ['beside-schema', 'collector-schema', 'place-rules'],
      template: [],
      terraform: ['template'],
    },
  },
  'exporter/profiles': {
    rooms: {
      adot: ['adot-labels'], 'adot-labels': [], details: [], 'ecs-exporter': [],
      'ecs-prometheus-exporter': [], older: [],
    },
  }, // prettier-ignore
  // Checks know what they share, and not each other.
  doctor: {
    joints: ['checks'],
    rooms: {
      clock: [], collector: [], configuration: [], 'credential-chain': [],
      credentials: ['credential-chain'], endpoints: [], names: [], permissions: ['simulation'], queues: [],
      region: [], 'role-policies': [], samples: [], series: [], signatures: [],
      simulation: ['role-policies'], targets: ['series'], task: [],
      tracing: [], workspaces: [],
    },
  }, // prettier-ignore
  config: { joints: ['load', 'redact'], rooms: { convert: ['otel'], otel: [], sources: [] } },
  // One a line: each transform stands on what all share, and knows no other.
  transforms: {
    rooms: {
      'aggregate-values': [],
      aggregation: ['aggregate-values', 'histogram-sum'],
      'attribute-actions': [],
      'bound-labels': [],
      branch: [],
      'copied-resource': [],
      'cumulative-only': [],
      deltas: ['metric-points', 'native-sums'],
      'detected-resource': [],
      'dropped-scope': [],
      'external-labels': [],
      filter: ['ottl'],
      'group-by-attributes': [],
      'histogram-sum': [],
      'metric-match': [],
      'metric-operations': ['metric-match'],
      'metric-points': [],
      'metrics-transform': [
        'aggregate-values',
        'aggregation',
        'branch',
        'metric-match',
        'metric-operations',
      ],
      'native-sums': ['histogram-sum'],
      ottl: [],
      'prometheus-names': ['prometheus-units'],
      'prometheus-units': [],
      'promoted-resource': ['prometheus-names'],
      relabelling: [],
      'resource-labels': [],
      'scraped-resource': [],
      'served-target-info': [],
      spans: ['attribute-actions'],
      statements: ['ottl'],
      'target-info': ['copied-resource', 'prometheus-names', 'served-target-info'],
      'translated-names': ['prometheus-names', 'prometheus-units'],
    },
  },
  commands: {
    joints: ['program'],
    rooms: {
      check: ['replaced'], collect: ['replaced'], completion: [], demo: ['sample-app'], deploy: ['deployment'],
      deployment: ['generate'], destroy: ['deployment'], discover: [], doctor: [], emulate: [], explain: [],
      generate: ['check'], exporter: ['replaced'], plan: ['deployment'], proxy: ['replaced'], replaced: ['xray'],
      'sample-app': [], status: ['deployment'], workspace: [], xray: ['replaced'],
    },
  }, // prettier-ignore
};

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['dist', 'build', 'coverage', 'node_modules', '.peers'],
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-default-export': 'error',
    'no-shadow': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    // These three leave one way to write an import, the one that the walls see: `import('…').T`,
    // require() and a built-in module without `node:` would pass by them.
    'typescript/consistent-type-imports': 'error',
    'typescript/no-require-imports': 'error',
    'unicorn/prefer-node-protocol': 'error',
    // A dangling underscore is a private name in old code; here it is Prometheus' own label.
    'no-underscore-dangle': ['error', { allow: ['__address__', '__name__'] }],

    // Off, each with its reason.
    // Steps that wait for one another in order are the rule here: pages of a list, retries,
    // requests of a shard. What may run side by side says so with Promise.all.
    'no-await-in-loop': 'off',
    // Values of SDKs and of JSON behind a schema are narrowed by hand: the rule sees no check.
    'typescript/no-unsafe-type-assertion': 'off',
    // `assert.equal` of `import assert from 'node:assert/strict'` is how Node's manual writes it.
    'import/no-named-as-default-member': 'off',
    // A small function stands beside its one use, also where it closes over nothing.
    'unicorn/consistent-function-scoping': 'off',
    // Lists that were just made are sorted where they are: toSorted() would copy them once more.
    'unicorn/no-array-sort': 'off',
    // tsc's noImplicitReturns does the same and knows a switch over all kinds; this rule does not.
    'typescript/consistent-return': 'off',
    // A callback of then() may act and return nothing; its type void says so.
    'promise/always-return': 'off',
    // `new Array<T>(length)` is typed: the compiler tells a length from an element.
    'unicorn/no-new-array': 'off',
  },
  overrides: [
    ...buildWalls({ layers, rooms, pure }, import.meta.dirname),
    {
      files: ['**/*.test.ts', 'test/**/*.ts', 'bench/**/*.ts'],
      rules: {
        // Tests name values before and after, as node:test does its hooks.
        'no-shadow': 'off',
        // A value that is not there fails the test, which is what an assertion would do.
        'typescript/no-non-null-assertion': 'off',
        'typescript/no-floating-promises': [
          'error',
          {
            allowForKnownSafeCalls: [
              {
                from: 'package',
                name: [
                  'test',
                  'describe',
                  'it',
                  'suite',
                  'before',
                  'after',
                  'beforeEach',
                  'afterEach',
                ],
                package: 'node:test',
              },
            ],
          },
        ],
      },
    },
    {
      // The emulator takes JSON as callers send it: what is no string becomes a text that names
      // nothing.
      files: ['src/emulator/**/*.ts'],
      rules: { 'typescript/no-base-to-string': 'off' },
    },
    // The linter reads its configuration from a default export.
    { files: ['oxlint.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
});
