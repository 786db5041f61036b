/** The last list of each job that `discover` has found, and what it lacks. */
import type { Lack } from '../../discovery/lacking.ts';
import type { Explained } from '../../discovery/mechanism.ts';
import type { TargetGroup } from '../../model/target.ts';

/** Most lines of a refusal. One cause may have as many scopes as there are clusters. */
const LINES_MAX = 20;

export class Found {
  readonly jobs: readonly string[];
  readonly groups = new Map<string, readonly TargetGroup[]>();
  readonly explained = new Map<string, readonly Explained[]>();
  readonly lacks = new Map<string, readonly Lack[]>();

  constructor(jobs: readonly string[]) {
    this.jobs = jobs;
  }

  /** Whether each of the jobs has had a list. The first list of a job is always whole. */
  isWhole(jobs = this.jobs): boolean {
    return jobs.every((job) => this.groups.has(job));
  }

  listGroups(jobs = this.jobs): TargetGroup[] {
    return jobs.flatMap((job) => this.groups.get(job) ?? []);
  }

  countTargets(): { readonly jobs: number; readonly targets: number } {
    const targets = this.listGroups().reduce((sum, group) => sum + group.targets.length, 0);
    return { jobs: this.jobs.length, targets };
  }

  listLacks(): Lack[] {
    return [...this.lacks.values()].flat();
  }

  /** Says why there is no list, job by job. */
  describeLacks(jobs = this.jobs): string {
    const lines = jobs
      .filter((job) => !this.groups.has(job))
      .flatMap((job) => {
        const lacks = (this.lacks.get(job) ?? []).filter(({ isBlocking }) => isBlocking);
        if (lacks.length === 0) return [`job "${job}" is being read`];
        return lacks.map(({ scope, words }) => {
          const of = scope === '' || words.includes(scope) ? '' : ` (${scope})`;
          return `job "${job}"${of}: ${words}`;
        });
      });
    const more =
      lines.length > LINES_MAX ? [`and ${lines.length - LINES_MAX} more; see /explain`] : [];
    return [
      'the target list is not whole yet; a part of it would end the targets that it lacks',
      ...lines.slice(0, LINES_MAX),
      ...more,
      '',
    ].join('\n');
  }
}
