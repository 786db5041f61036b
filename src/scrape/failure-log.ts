/**
 * scrape_failure_log_file: a line of JSON for each scrape that failed, as Prometheus writes it. It
 * is bounded, unlike there: at 50 MB the file becomes `file.1`, in place of the one before.
 *
 *     {"time":"…","level":"ERROR","msg":"…","job_name":"node","target":"http://h:9/metrics"}
 *
 * Source: prometheus/scrape/scrape.go, prometheus/util/logging/file.go
 */
import { describeError } from '../kernel/errors.ts';
import { openLogFile } from '../kernel/log-file.ts';
import type { World } from '../kernel/world.ts';
import type { ScrapeConfig } from './config.ts';
import { withoutSecrets } from '../settings/url.ts';

export class FailureLog {
  readonly #world: Pick<World, 'clock' | 'log'>;
  #path: string | undefined;
  #write: (line: string) => void = () => undefined;

  constructor(world: Pick<World, 'clock' | 'log'>) {
    this.#world = world;
  }

  /** Writes to the file that the job has now, if it has one. */
  failed(
    { failureLogFile: path, jobName }: Pick<ScrapeConfig, 'failureLogFile' | 'jobName'>,
    url: string,
    failure: Error,
  ): void {
    if (path === undefined) return;
    if (path !== this.#path) {
      this.#path = path;
      const { log } = this.#world;
      this.#write = openLogFile({
        path,
        rotates: true,
        gone: '',
        // The failure is in the log at debug and in the state of the target all the same.
        instead: () => undefined,
        onRefusal: (message) => log.warn('failed scrapes are not written', { error: message }),
      });
    }
    const time = new Date(this.#world.clock.nowMs()).toISOString();
    const msg = describeError(failure);
    const target = withoutSecrets(url);
    this.#write(JSON.stringify({ time, level: 'ERROR', msg, job_name: jobName, target }));
  }
}
