/**
 * The samples of emulated workspaces: each is a workspace as `amperage workspace` serves it, with
 * the limits of AMP, in a folder of its own.
 */
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import type {
  RulesVerdict,
  WorkspaceData,
  WorkspaceHost,
  WorkspaceUsage,
} from '../../emulator/amp/workspace-data.ts';
import type { Component } from '../../kernel/component.ts';
import {
  answerByRoutes,
  type HttpRequest,
  type HttpResponse,
  type Route,
} from '../../kernel/http-server.ts';
import { Registry } from '../../kernel/metrics.ts';
import { packagePath } from '../../kernel/package-files.ts';
import type { World } from '../../kernel/world.ts';
import { Faults } from '../../workspace/api/faults.ts';
import { resolveLimits } from '../../workspace/api/limits.ts';
import { pageRoutes } from '../../workspace/page-files.ts';
import { readRuleGroups } from '../../workspace/rules/groups.ts';
import { ServedWorkspace } from '../../workspace/serving.ts';
import { VERSION } from '../version.ts';

const DAY_MS = 24 * 3_600_000;

export interface LocalWorkspacesOptions {
  /** Each workspace has a folder in it. */
  readonly folder: string;
  /** Whether the folder is deleted at the end. */
  readonly isTemporary: boolean;
  readonly world: World;
}

export class LocalWorkspaces implements WorkspaceHost, Component {
  readonly name = 'workspaces';
  readonly page: readonly Route[] = pageRoutes(packagePath('build/page'));
  readonly #options: LocalWorkspacesOptions;
  readonly #open = new Set<LocalWorkspace>();

  constructor(options: LocalWorkspacesOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#open].map((one) => one.stop()));
    this.#open.clear();
    const { folder, isTemporary } = this.#options;
    if (isTemporary) await rm(folder, { recursive: true, force: true });
  }

  async open(id: string, retentionDays: number): Promise<WorkspaceData> {
    const { folder, world } = this.#options;
    const directory = join(folder, id);
    const made = new LocalWorkspace(directory, retentionDays * DAY_MS, world, () =>
      this.#open.delete(made),
    );
    await made.start();
    this.#open.add(made);
    return made;
  }

  judgeRules(text: string): RulesVerdict {
    const reading = readRuleGroups(text);
    return 'groups' in reading ? {} : reading;
  }
}

class LocalWorkspace implements WorkspaceData {
  readonly #served: ServedWorkspace;
  readonly #routes: readonly Route[];
  readonly #directory: string;
  readonly #metrics = new Registry();
  readonly #onRemove: () => void;

  constructor(directory: string, retentionMs: number, world: World, onRemove: () => void) {
    this.#directory = directory;
    this.#onRemove = onRemove;
    this.#served = new ServedWorkspace({
      directory,
      retentionMs,
      limits: resolveLimits(true, []),
      faults: new Faults([], 1),
      takes2: false,
      version: VERSION,
      // Stores of one registry would count together.
      world: { ...world, metrics: this.#metrics },
    });
    // Who may call has been judged before.
    const allow = () => Promise.resolve(undefined);
    this.#routes = [this.#served.writeRoute('', allow), ...this.#served.queryRoutes('', allow)];
  }

  async start(): Promise<void> {
    await this.#served.store.start();
    await this.#served.rules.start();
  }

  async stop(): Promise<void> {
    await this.#served.rules.stop();
    await this.#served.store.stop();
  }

  answer(request: HttpRequest): Promise<HttpResponse> {
    return answerByRoutes(this.#routes, request);
  }

  setRules(namespace: string, text: string | undefined): void {
    this.#served.rules.setFile(namespace, text);
  }

  setRetention(days: number): void {
    this.#served.setRetention(days * DAY_MS);
  }

  usage(sinceMs: number): WorkspaceUsage {
    const { store } = this.#served;
    const discarded = new Map<string, number>();
    let storedSamples = 0;
    for (const { name, samples } of this.#metrics.families())
      for (const { labels, value } of samples) {
        if (name === 'workspace_samples_stored_total') storedSamples += value;
        if (name === 'workspace_samples_rejected_total')
          discarded.set(labels['reason'] ?? '', value);
      }
    const activeSeries = store.selectLabelSets([], sinceMs, Infinity).length;
    return { activeSeries, storedSamples, discarded };
  }

  async remove(): Promise<void> {
    this.#onRemove();
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
