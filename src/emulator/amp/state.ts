/**
 * The workspaces and scrapers of an account in one region, and the directory by which a workspace
 * is found from any account. What is being deleted stays for a moment, with that status.
 * Limits of an account in a region: WORKSPACES_MAX workspaces, as in AMP, and SCRAPERS_MAX
 * scrapers.
 */
import { randomUUID } from 'node:crypto';
import type { ParsedPolicy } from '../../aws/policies/document.ts';
import type { AwsPlace } from '../service.ts';
import { missResource, refuseConflict, refuseQuota } from './requests.ts';
import { AmpStatus } from './status.ts';
import type { WorkspaceData, WorkspaceHost } from './workspace-data.ts';

/** What is made once in a workspace, or by a name: a definition, a configuration, a namespace. */
export interface AmpPart<Content> {
  content: Content;
  readonly status: AmpStatus;
  readonly createdMs: number;
  modifiedMs: number;
}

export interface RulesNamespace extends AmpPart<string> {
  readonly arn: string;
  readonly name: string;
  readonly tags: Map<string, string>;
}

export interface AnomalyDetector extends AmpPart<Readonly<Record<string, unknown>>> {
  readonly arn: string;
  readonly id: string;
  readonly tags: Map<string, string>;
}

/** The parts that a workspace has at most one of. */
export interface SingleParts {
  alertManager?: AmpPart<string>;
  logging?: AmpPart<string>;
  queryLogging?: AmpPart<readonly unknown[]>;
  policy?: AmpPart<{
    readonly document: string;
    readonly policy: ParsedPolicy;
    readonly revisionId: string;
  }>;
}

export interface AmpWorkspace {
  readonly id: string;
  readonly arn: string;
  readonly place: AwsPlace;
  readonly kmsKeyArn: string | undefined;
  readonly createdMs: number;
  readonly status: AmpStatus;
  readonly tags: Map<string, string>;
  readonly namespaces: Map<string, RulesNamespace>;
  readonly detectors: Map<string, AnomalyDetector>;
  readonly single: SingleParts;
  alias: string | undefined;
  configuration: {
    readonly status: AmpStatus | undefined;
    readonly retentionPeriodInDays: number;
    readonly limitsPerLabelSet: readonly unknown[];
  };
  /** Absent until it is open, and where nothing keeps samples. */
  data: WorkspaceData | undefined;
}

export interface Scraper extends AmpPart<Readonly<Record<string, unknown>>> {
  readonly id: string;
  readonly arn: string;
  readonly tags: Map<string, string>;
  logging?: AmpPart<Readonly<Record<string, unknown>>>;
}

/** AMP's default. */
export const RETENTION_DAYS = 150;
const WORKSPACES_MAX = 25;
const SCRAPERS_MAX = 30;

/** The workspaces of all accounts in all regions, by id, and what keeps their samples. */
export class WorkspaceDirectory {
  readonly all = new Map<string, AmpWorkspace>();
  readonly host: WorkspaceHost | undefined;

  constructor(host?: WorkspaceHost) {
    this.host = host;
  }
}

export class AmpState {
  readonly place: AwsPlace;
  readonly directory: WorkspaceDirectory;
  readonly nowMs: () => number;
  readonly #scrapers = new Map<string, Scraper>();

  constructor(place: AwsPlace, directory: WorkspaceDirectory, nowMs: () => number) {
    this.place = place;
    this.directory = directory;
    this.nowMs = nowMs;
  }

  /** Of this account and region. */
  listWorkspaces(): AmpWorkspace[] {
    const { accountId, region } = this.place;
    const { all } = this.directory;
    for (const [id, { status }] of all) if (status.isGone(this.nowMs())) all.delete(id);
    return [...all.values()].filter(
      ({ place }) => place.accountId === accountId && place.region === region,
    );
  }

  /** @throws AwsError ResourceNotFoundException */
  workspace(id: string): AmpWorkspace {
    const found = this.listWorkspaces().find((known) => known.id === id);
    if (found === undefined) throw missResource('workspace', id);
    return found;
  }

  /**
   * A workspace to be changed.
   *
   * @throws AwsError ConflictException while it is made or deleted
   */
  activeWorkspace(id: string): AmpWorkspace {
    const found = this.workspace(id);
    const code = found.status.codeAt(this.nowMs());
    if (code !== 'ACTIVE' && code !== 'UPDATING')
      throw refuseConflict('workspace', id, `The workspace is not ACTIVE, but ${code}.`);
    return found;
  }

  /** @throws AwsError ServiceQuotaExceededException */
  async createWorkspace({
    alias,
    kmsKeyArn,
    tags,
  }: {
    readonly alias?: string | undefined;
    readonly kmsKeyArn?: string | undefined;
    readonly tags: Readonly<Record<string, string>>;
  }): Promise<AmpWorkspace> {
    if (this.listWorkspaces().length >= WORKSPACES_MAX)
      throw refuseQuota('workspace', WORKSPACES_MAX, 'workspaces in this account and region');
    const { accountId, region } = this.place;
    const id = `ws-${randomUUID()}`;
    const nowMs = this.nowMs();
    const made: AmpWorkspace = {
      id,
      arn: `arn:aws:aps:${region}:${accountId}:workspace/${id}`,
      place: this.place,
      kmsKeyArn,
      createdMs: nowMs,
      status: new AmpStatus(nowMs),
      tags: new Map(Object.entries(tags)),
      namespaces: new Map(),
      detectors: new Map(),
      single: {},
      alias,
      configuration: {
        status: undefined,
        retentionPeriodInDays: RETENTION_DAYS,
        limitsPerLabelSet: [],
      },
      data: undefined,
    };
    const { all, host } = this.directory;
    all.set(id, made);
    try {
      made.data = await host?.open(id, RETENTION_DAYS);
    } catch (error) {
      all.delete(id);
      throw error;
    }
    return made;
  }

  async deleteWorkspace(id: string): Promise<void> {
    const found = this.workspace(id);
    const { data } = found;
    found.status.delete(this.nowMs());
    found.data = undefined;
    await data?.remove();
  }

  /** The tags of what has this ARN; undefined where nothing has. */
  tagsOf(wanted: string): Map<string, string> | undefined {
    const all = [
      ...this.listScrapers(),
      ...this.listWorkspaces().flatMap((one) => [
        one,
        ...one.namespaces.values(),
        ...one.detectors.values(),
      ]),
    ];
    return all.find(({ arn }) => arn === wanted)?.tags;
  }

  listScrapers(): Scraper[] {
    for (const [id, { status }] of this.#scrapers)
      if (status.isGone(this.nowMs())) this.#scrapers.delete(id);
    return [...this.#scrapers.values()];
  }

  /** @throws AwsError ResourceNotFoundException */
  scraper(id: string): Scraper {
    const found = this.listScrapers().find((known) => known.id === id);
    if (found === undefined) throw missResource('scraper', id);
    return found;
  }

  /** @throws AwsError ServiceQuotaExceededException */
  createScraper(
    content: Readonly<Record<string, unknown>>,
    tags: Readonly<Record<string, string>>,
  ): Scraper {
    if (this.listScrapers().length >= SCRAPERS_MAX)
      throw refuseQuota('scraper', SCRAPERS_MAX, 'scrapers in this account and region');
    const { accountId, region } = this.place;
    const id = `s-${randomUUID()}`;
    const made: Scraper = {
      ...newPart(content, this.nowMs()),
      id,
      arn: `arn:aws:aps:${region}:${accountId}:scraper/${id}`,
      tags: new Map(Object.entries(tags)),
    };
    this.#scrapers.set(id, made);
    return made;
  }
}

/** @param reason  why its creation fails */
export function newPart<Content>(
  content: Content,
  nowMs: number,
  reason?: string,
): AmpPart<Content> {
  return { content, status: new AmpStatus(nowMs, reason), createdMs: nowMs, modifiedMs: nowMs };
}

export function renderTimes({ createdMs, modifiedMs }: AmpPart<unknown>): {
  readonly createdAt: number;
  readonly modifiedAt: number;
} {
  return { createdAt: createdMs / 1_000, modifiedAt: modifiedMs / 1_000 };
}
