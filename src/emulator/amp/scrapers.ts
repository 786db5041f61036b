/**
 * AMP's calls on managed collectors, its scrapers: state only. Nothing is scraped, which the
 * description says where AMP gives a reason for a status.
 * Limit: CONFIGURATION_MAX_BYTES of a scrape configuration.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-collector.html
 */
import * as z from 'zod';
import type { ActionHandler, AwsInput } from '../service.ts';
import {
  aliasSchema,
  blobSchema,
  cutAmpPage,
  logGroupSchema,
  missResource,
  parseAmpCall,
  ampTagsSchema,
} from './requests.ts';
import { type AmpState, newPart, renderTimes, type Scraper } from './state.ts';

const CONFIGURATION_MAX_BYTES = 100_000;
/** Shorter than AMP's, which is for Kubernetes. */
const DEFAULT_CONFIGURATION = `global:
  scrape_interval: 30s
scrape_configs:
  - job_name: example
    static_configs:
      - targets: [localhost:9090]
`;

const arnOf = (service: string, kind: string) =>
  z
    .string()
    .max(2_048)
    .regex(new RegExp(`^arn:aws[-a-z]*:${service}:[-a-z0-9]*:[0-9]{12}:${kind}/.+$`));
const groupsSchema = z
  .array(z.string().regex(/^sg-[0-9a-z]+$/))
  .min(1)
  .max(5);
const subnetsSchema = z
  .array(z.string().regex(/^subnet-[0-9a-z]+$/))
  .min(1)
  .max(5);
const changes = {
  alias: aliasSchema.optional(),
  roleConfiguration: z
    .object({
      sourceRoleArn: arnOf('iam', 'role').optional(),
      targetRoleArn: arnOf('iam', 'role').optional(),
    })
    .optional(),
};
const configurationSchema = z.object({ configurationBlob: blobSchema(CONFIGURATION_MAX_BYTES) });
const destinationSchema = z.object({
  ampConfiguration: z.object({ workspaceArn: arnOf('aps', 'workspace') }),
});
const createSchema = z.object({
  ...changes,
  scrapeConfiguration: configurationSchema,
  destination: destinationSchema,
  source: z.union([
    z.object({
      eksConfiguration: z.object({
        clusterArn: arnOf('eks', 'cluster'),
        subnetIds: subnetsSchema,
        securityGroupIds: groupsSchema.optional(),
      }),
    }),
    z.object({
      vpcConfiguration: z.object({ subnetIds: subnetsSchema, securityGroupIds: groupsSchema }),
    }),
  ]),
  tags: ampTagsSchema.default({}),
});
const updateSchema = z.object({
  ...changes,
  scrapeConfiguration: configurationSchema.optional(),
  destination: destinationSchema.optional(),
});
const filtersSchema = z.object({
  filters: z
    .partialRecord(
      z.enum(['status', 'sourceArn', 'destinationArn', 'alias']),
      z.array(z.string().min(1).max(256)).min(1).max(20),
    )
    .default({}),
});
const loggingSchema = z.object({
  loggingDestination: z.object({ cloudWatchLogs: z.object({ logGroupArn: logGroupSchema }) }),
  scraperComponents: z
    .array(
      z.object({
        type: z.enum(['SERVICE_DISCOVERY', 'COLLECTOR', 'EXPORTER']),
        config: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .min(1)
    .optional(),
});

export function scraperActions(state: AmpState): Record<string, ActionHandler> {
  const head = (scraper: Scraper): object => ({
    scraperId: scraper.id,
    arn: scraper.arn,
    status: scraper.status.at(state.nowMs()),
    tags: Object.fromEntries(scraper.tags),
  });
  const summary = (scraper: Scraper): object => {
    const { scrapeConfiguration: _blob, ...content } = scraper.content;
    const { createdAt, modifiedAt: lastModifiedAt } = renderTimes(scraper);
    const { accountId } = state.place;
    const roleArn =
      `arn:aws:iam::${accountId}:role/aws-service-role/scraper.aps.amazonaws.com/` +
      `AWSServiceRoleForAmazonPrometheusScraper_${scraper.id.slice(2, 19)}`;
    return { ...head(scraper), ...content, roleArn, createdAt, lastModifiedAt };
  };
  return {
    GetDefaultScraperConfiguration: () => ({
      configuration: Buffer.from(DEFAULT_CONFIGURATION).toString('base64'),
    }),
    CreateScraper: (input) => {
      const { tags, ...content } = parseAmpCall(createSchema, input);
      return head(state.createScraper(content, tags));
    },
    DescribeScraper: (input) => {
      const found = find(state, input);
      const { scrapeConfiguration } = found.content;
      const statusReason = 'this emulator scrapes nothing';
      return { scraper: { ...summary(found), scrapeConfiguration, statusReason } };
    },
    ListScrapers: (input) => {
      const { filters } = parseAmpCall(filtersSchema, input);
      const fitting = state
        .listScrapers()
        .filter((scraper) =>
          Object.entries(filters).every(([key, values]) =>
            values.includes(readFiltered(scraper, key, state.nowMs())),
          ),
        );
      const { page, ...more } = cutAmpPage(fitting, input);
      return { scrapers: page.map(summary), ...more };
    },
    UpdateScraper: (input) => {
      const change = parseAmpCall(updateSchema, input);
      const found = find(state, input);
      found.content = { ...found.content, ...change };
      found.modifiedMs = state.nowMs();
      found.status.update(state.nowMs());
      return head(found);
    },
    DeleteScraper: (input) => {
      const found = find(state, input);
      found.status.delete(state.nowMs());
      return { scraperId: found.id, status: found.status.at(state.nowMs()) };
    },
    UpdateScraperLoggingConfiguration: (input) => {
      const found = find(state, input);
      found.logging = newPart(parseAmpCall(loggingSchema, input), state.nowMs());
      return { status: found.logging.status.at(state.nowMs()) };
    },
    DescribeScraperLoggingConfiguration: (input) => {
      const found = find(state, input);
      const { logging } = found;
      if (logging === undefined) throw missResource('scraperloggingconfiguration', found.id);
      const { modifiedAt } = renderTimes(logging);
      const status = logging.status.at(state.nowMs());
      return { scraperId: found.id, status, modifiedAt, ...logging.content };
    },
    DeleteScraperLoggingConfiguration: (input) => {
      const found = find(state, input);
      if (found.logging === undefined) throw missResource('scraperloggingconfiguration', found.id);
      delete found.logging;
    },
  };
}

function find(state: AmpState, input: AwsInput): Scraper {
  const schema = z.object({ scraperId: z.string().min(1).max(64) });
  return state.scraper(parseAmpCall(schema, input).scraperId);
}

/** The value of a scraper that a filter of `ListScrapers` is compared with. */
function readFiltered({ content, status }: Scraper, key: string, nowMs: number): string {
  const { alias, source, destination } = content as z.output<typeof updateSchema> &
    Pick<z.output<typeof createSchema>, 'source' | 'destination'>;
  if (key === 'status') return status.codeAt(nowMs);
  if (key === 'alias') return alias ?? '';
  if (key === 'destinationArn') return destination.ampConfiguration.workspaceArn;
  return 'eksConfiguration' in source ? source.eksConfiguration.clusterArn : '';
}
