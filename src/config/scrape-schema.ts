/**
 * The keys of one scrape_config, with those of discovery taken from the table of mechanisms.
 * Not here: what becomes of them (scrape.ts).
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
import * as z from 'zod';
import { mechanisms } from '../discovery/mechanisms.ts';
import { amountSchema, countSchema } from '../settings/count.ts';
import { durationSchema } from '../settings/duration.ts';
import { httpClientShape } from '../settings/http-client.ts';
import { unsupportedUnlessEmpty } from '../settings/refused-keys.ts';
import { relabelListSchema } from '../settings/relabel.ts';
import { sizeSchema } from '../settings/size.ts';
import { switchSchema } from '../settings/switch.ts';
import { listOf, textSchema } from '../settings/text.ts';
import { ESCAPING_SCHEMES, SCRAPE_PROTOCOLS } from '../wire/exposition/negotiation.ts';

const protocolSchema = z.enum(SCRAPE_PROTOCOLS, {
  error: (issue) =>
    `${JSON.stringify(issue.input)} is not a scrape protocol; use one of ` +
    SCRAPE_PROTOCOLS.join(', '),
});

/** What both `global` and a job may set. */
export const sharedShape = {
  scrape_interval: durationSchema.optional().meta({
    description: 'Time between two scrapes of a target.',
    default: '1m',
    examples: ['30s'],
  }),
  scrape_timeout: durationSchema.optional().meta({
    description:
      'How long a scrape may take; never more than scrape_interval, to which the default is cut.',
    default: '10s',
  }),
  scrape_protocols: listOf(protocolSchema)
    .min(1, 'must name a protocol')
    .optional()
    .describe(
      'Formats that are asked for, in order of preference. By default the four text formats, ' +
        'after PrometheusProto where scrape_native_histograms is on.',
    ),
  scrape_native_histograms: switchSchema.optional().meta({
    description: 'Takes native histograms, which come by PrometheusProto alone.',
    default: false,
  }),
  convert_classic_histograms_to_nhcb: switchSchema.optional().meta({
    description:
      'Makes native histograms of classic ones, with the same bounds. Sinks get them as native ' +
      'ones: remote_write with send_native_histograms alone.',
    default: false,
  }),
  always_scrape_classic_histograms: switchSchema.optional().meta({
    description: 'Takes the classic buckets of a histogram too that has native ones.',
    default: false,
  }),
  extra_scrape_metrics: switchSchema.optional().meta({
    description:
      'Adds the series scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes.',
    default: false,
  }),
  body_size_limit: sizeSchema.optional().meta({
    description:
      'Largest answer, uncompressed; a larger one fails the scrape. 0 is the default too, where ' +
      'Prometheus has no limit.',
    default: '16MB',
  }),
  sample_limit: countSchema.optional().meta({
    description:
      'Most samples of a scrape after metric_relabel_configs; more of them fail it. 0 is no limit.',
    default: 0,
  }),
  target_limit: countSchema.optional().meta({
    description:
      'Most targets of a job; with more of them all fail, so that it shows. 0 is no limit.',
    default: 0,
  }),
  label_limit: countSchema.optional().meta({
    description: 'Most labels of a series; more of them fail the scrape. 0 is no limit.',
    default: 0,
  }),
  label_name_length_limit: countSchema.optional().meta({
    description: 'Longest name of a label in bytes; a longer one fails the scrape. 0 is no limit.',
    default: 0,
  }),
  label_value_length_limit: countSchema.optional().meta({
    description: 'Longest value of a label in bytes; a longer one fails the scrape. 0 is no limit.',
    default: 0,
  }),
  keep_dropped_targets: countSchema.optional().meta({
    description:
      'Targets of a job, dropped by relabelling, that are kept to be looked at. 0 is the default ' +
      'of 200 too; Prometheus keeps all.',
    default: 0,
  }),
  metric_name_validation_scheme: z.enum(['utf8', 'legacy']).optional().meta({
    description: 'Which names are valid: any in UTF-8, or those of before Prometheus 3.',
    default: 'utf8',
  }),
  metric_name_escaping_scheme: z
    .enum(ESCAPING_SCHEMES)
    .optional()
    .meta({
      description:
        'How a target is asked to write names that are not legacy ones. The default is ' +
        'underscores where names are validated as legacy.',
      default: 'allow-utf-8',
    }),
  scrape_failure_log_file: textSchema
    .optional()
    .describe(
      'File to which failed scrapes are written, a line of JSON each. At 50 MB it becomes file.1.',
    ),
} as const;

type Mechanisms = (typeof mechanisms)[number];
type DiscoveryShape = {
  [One in Mechanisms as One['key']]: z.ZodOptional<z.ZodArray<One['schema']>>;
};

const discoveryShape = Object.fromEntries(
  mechanisms.map((one) => [
    one.key,
    listOf(one.schema as z.ZodType)
      .optional()
      .describe(one.schema.description ?? ''),
  ]),
) as unknown as DiscoveryShape;

/** Prometheus' kinds of discovery that are not built in, unless the table says otherwise. */
const FOREIGN =
  'aws azure consul digitalocean dns docker dockerswarm ec2 elasticache eureka gce hetzner ionos ' +
  'kubernetes kuma lightsail linode marathon msk nerve nomad oci openstack outscale ovhcloud ' +
  'puppetdb rds scaleway serverset stackit triton uyuni vultr xds';

const foreignShape = Object.fromEntries(
  FOREIGN.split(' ')
    .map((name) => `${name}_sd_configs`)
    .filter((key) => !mechanisms.some((one) => (one.key as string) === key))
    .map((key) => [
      key,
      unsupportedUnlessEmpty(`this discovery is not built in; use ${keysInWords()}`),
    ]),
);

function keysInWords(): string {
  return mechanisms.map((one) => one.key).join(', ');
}

export const scrapeConfigSchema = z.strictObject(
  {
    job_name: textSchema.pipe(z.string().min(1, 'job_name is empty')).meta({
      description:
        'Name of the job, unique in the configuration and its files; the label "job" of its ' +
        'series.',
      examples: ['ecs'],
    }),
    ...sharedShape,
    fallback_scrape_protocol: protocolSchema.optional().meta({
      description:
        'Format of an answer without a known Content-Type. Prometheus has none by default, and ' +
        'fails the scrape.',
      default: 'PrometheusText0.0.4',
    }),
    allow_metadata_addresses: switchSchema.optional().meta({
      description:
        'Lets the job scrape the addresses where ECS and EC2 hand out metadata and credentials. ' +
        'Prometheus does not know the key and scrapes them.',
      default: false,
    }),
    honor_labels: switchSchema.optional().meta({
      description:
        'Keeps a label that is served where the target has one of the same name; else the served ' +
        'one is renamed to exported_ and its name.',
      default: false,
    }),
    honor_timestamps: switchSchema
      .optional()
      .meta({ description: 'Uses the timestamps that are served.', default: true }),
    track_timestamps_staleness: switchSchema.optional().meta({
      description: 'Ends series with served timestamps by a stale marker too.',
      default: false,
    }),
    metrics_path: textSchema
      .optional()
      .meta({ description: 'Path of the metrics.', default: '/metrics' }),
    scheme: z
      .preprocess(
        (written) => (typeof written === 'string' ? written.toLowerCase() : written),
        z.enum(['http', 'https']),
      )
      .optional()
      .meta({ description: 'Scheme of the targets, http or https.', default: 'http' }),
    params: z
      .record(z.string(), listOf(textSchema))
      .optional()
      .meta({ description: 'Parameters of the query.', examples: [{ module: ['http_2xx'] }] }),
    enable_compression: switchSchema
      .optional()
      .meta({ description: 'Asks for gzip, or zstd of targets that have no gzip.', default: true }),
    native_histogram_bucket_limit: countSchema.optional().meta({
      description:
        'Most buckets of a native histogram; above it the resolution is lowered, and the scrape ' +
        'fails where that is not enough. 0 is no limit.',
      default: 0,
    }),
    native_histogram_min_bucket_factor: amountSchema.optional().meta({
      description:
        'Least growth from one bucket of a native histogram to the next; the resolution is ' +
        'lowered to it. 0 takes what is served.',
      default: 0,
    }),
    relabel_configs: relabelListSchema
      .optional()
      .describe('Rules that change or drop targets before they are scraped.'),
    metric_relabel_configs: relabelListSchema
      .optional()
      .describe('Rules that change or drop series after the scrape.'),
    ...httpClientShape,
    ...discoveryShape,
    ...foreignShape,
  },
  {
    error: (issue) =>
      issue.code === 'invalid_type' ? 'empty or null scrape config section' : undefined,
  },
);

export type ScrapeInput = z.output<typeof scrapeConfigSchema>;

/** What both `global` and a job may set, as parsed. */
export type SharedInput = Pick<ScrapeInput, keyof typeof sharedShape>;
