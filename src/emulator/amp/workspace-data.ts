/**
 * What keeps the samples of emulated workspaces and answers their queries, which the emulator
 * itself does not: it is composed with it. Interfaces only.
 */
import type { HttpRequest, HttpResponse, Route } from '../../kernel/http-server.ts';

export interface WorkspaceUsage {
  /** Series that got a sample since the time that was asked for. */
  readonly activeSeries: number;
  /** Samples that were stored since it was opened. */
  readonly storedSamples: number;
  /** Samples that were refused since then, by reason. */
  readonly discarded: ReadonlyMap<string, number>;
}

export interface WorkspaceData {
  /** Answers a call whose path begins behind `/workspaces/ID`, and whose caller may make it. */
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** Sets the rule groups of a namespace; undefined removes them. */
  setRules(namespace: string, text: string | undefined): void;
  setRetention(days: number): void;
  /** @param sinceMs  a series with a sample after this time is active */
  usage(sinceMs: number): WorkspaceUsage;
  /** Ends it and deletes what it keeps. */
  remove(): Promise<void>;
}

export interface RulesVerdict {
  /** Why the text as a whole is refused. */
  readonly unreadable?: string;
  /** What is wrong with a rule of a text that can be read. */
  readonly faulty?: string;
}

export interface WorkspaceHost {
  open(id: string, retentionDays: number): Promise<WorkspaceData>;
  judgeRules(text: string): RulesVerdict;
  /** The web page of a workspace, whose paths begin behind its folder. */
  readonly page: readonly Route[];
}
