/**
 * The table of the files that users write, each with its schema. The pages of keys and the schemas
 * for editors are generated from it.
 */
import { prometheusSchema, scrapeFileSchema } from '../../src/config/prometheus.ts';
import { deploymentSchema } from '../../src/deploy/schema.ts';
import { targetListSchema } from '../../src/discovery/schema.ts';
import { imagesSchema } from '../../src/emulator/ecs/processes/images.ts';
import { scenarioSchema } from '../../src/emulator/scenario.ts';
import { routesSchema } from '../../src/proxy/config.ts';
import { webConfigSchema } from '../../src/settings/web-config.ts';
import { buildCollectorTree } from './collector.ts';
import { buildEditorSchema } from './editor-schema.ts';
import type { Files } from './files.ts';
import { renderKeyPage } from './key-page.ts';
import { GENERATED } from './mark.ts';
import { type SchemaNode, buildTree, listUndescribedKeys } from './schema-tree.ts';

export interface Dialect {
  /** Names the schema, and the page unless `page` names another. */
  readonly name: string;
  /** The page of another dialect that describes these keys. */
  readonly page?: string;
  readonly title: string;
  /** Says which command reads the file and how it is named there. Markdown. */
  readonly intro: string;
  readonly tree: SchemaNode;
  /** A regular expression for a reference to the environment inside a value. */
  readonly reference?: string;
  /** Whether the loader treats a key without a value like an absent key. */
  readonly allowsEmpty: boolean;
}

/** The Prometheus dialect expands `${env:NAME}`. */
const PROMETHEUS_REFERENCE = '\\$\\{env:';
/** The Collector's dialect expands `${env:NAME}` and `${NAME}`. */
const COLLECTOR_REFERENCE = '\\$\\{';

export function listDialects(): readonly Dialect[] {
  return [
    {
      name: 'prometheus',
      title: 'Keys of a Prometheus configuration',
      intro:
        'Read by `collect`, by `discover --config.file` and by `check config`. ' +
        'A value may be `${env:NAME}` or hold it; ' +
        'a key without a value is as good as absent.',
      tree: buildTree(prometheusSchema),
      reference: PROMETHEUS_REFERENCE,
      allowsEmpty: true,
    },
    {
      name: 'scrape-configs',
      page: 'prometheus',
      title: 'Keys of a file of scrape_config_files',
      intro: 'Named by `scrape_config_files` of a Prometheus configuration; the jobs are as there.',
      tree: buildTree(scrapeFileSchema),
      reference: PROMETHEUS_REFERENCE,
      allowsEmpty: true,
    },
    {
      name: 'collector',
      title: 'Keys of an OpenTelemetry Collector configuration',
      intro:
        'Read by `collect` and `check config` in place of a Prometheus configuration. ' +
        'A value may be `${env:NAME}` or ' +
        '`${NAME}` or hold it. A component is named `type` or `type/more`.',
      tree: buildCollectorTree(),
      reference: COLLECTOR_REFERENCE,
      allowsEmpty: true,
    },
    {
      name: 'targets',
      title: 'Keys of a list of targets',
      intro:
        'What `file_sd_configs` and `http_sd_configs` read, as YAML or JSON, and what `discover` ' +
        'writes.',
      tree: buildTree(targetListSchema),
      allowsEmpty: false,
    },
    {
      name: 'web-config',
      title: 'Keys of a web configuration',
      intro: 'Named by `--web.config.file`: TLS and basic auth of what a command listens on.',
      tree: buildTree(webConfigSchema),
      allowsEmpty: false,
    },
    {
      name: 'proxy-routes',
      title: 'Keys of a file of routes',
      intro: 'Named by `proxy --config.file`; the first route that fits a request is taken.',
      tree: buildTree(routesSchema),
      allowsEmpty: false,
    },
    {
      name: 'deployment',
      title: 'Keys of a deployment',
      intro: 'Read by `generate`: what is put on AWS, and where.',
      tree: buildTree(deploymentSchema),
      allowsEmpty: false,
    },
    {
      name: 'emulator-scenario',
      title: 'Keys of a scenario',
      intro: 'Named by `emulate --scenario`: what happens in the emulated account, step by step.',
      tree: buildTree(scenarioSchema),
      allowsEmpty: false,
    },
    {
      name: 'emulator-images',
      title: 'Keys of a file of images',
      intro: 'Named by `emulate --images`: which program of this machine stands for which image.',
      tree: buildTree(imagesSchema),
      allowsEmpty: false,
    },
  ];
}

/** Renders the pages of keys and the schemas for editors. @returns text by path */
export function renderDialects(dialects: readonly Dialect[]): Files {
  const files = new Map<string, string>();
  for (const dialect of dialects) {
    const { name, tree, page = name } = dialect;
    if (page === name) files.set(`docs/keys/${name}.md`, renderKeyPage(tree, dialect));
    const schema = buildEditorSchema(dialect.tree, { ...dialect, id: idOf(dialect) });
    files.set(schemaPath(dialect), `${JSON.stringify(schema, null, 2)}\n`);
  }
  files.set('docs/keys/README.md', renderIndex(dialects));
  return files;
}

export function schemaPath({ name }: Dialect): string {
  return `schema/${name}.schema.json`;
}

/** A URN, not a URL, because the schema is published with the package and at no address. */
function idOf({ name }: Dialect): string {
  return `urn:amperage:schema:${name}`;
}

/** @returns a sentence for each key without a description */
export function checkDescriptions(dialects: readonly Dialect[]): readonly string[] {
  return dialects.flatMap(({ name, tree }) =>
    listUndescribedKeys(tree).map(
      (path) => `key ${path} of docs/keys/${name}.md has no description; add .describe() to it`,
    ),
  );
}

function renderIndex(dialects: readonly Dialect[]): string {
  const rows = dialects.map((one) => {
    const { name, title, intro, page = name } = one;
    const file = `[${title.replace(/^Keys of an? /, '')}](${page}.md)`;
    return `| ${file} | ${intro} | [${name}.schema.json](../../${schemaPath(one)}) |`;
  });
  return [
    GENERATED,
    '# Keys of the files that users write',
    '',
    '| file | | schema for editors |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
