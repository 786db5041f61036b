/** What a deployment loses when its tasks come and go, said before it is deployed. Pure. */
import { shares } from './parts/collector.ts';
import type { Deployment } from './schema.ts';

/** One sentence for each; none where all that was scraped is kept. */
export function listLosses(deployment: Deployment): string[] {
  const { collector } = deployment;
  const { queue, stop_timeout: seconds, spot } = collector;
  if (queue !== 'ephemeral' || !(shares(deployment) || spot)) return [];
  const why = spot
    ? "AWS ends tasks on Fargate Spot with two minutes' warning at most"
    : 'collectors that share the targets come and go';
  const keeps = collector.mode === 'daemon' ? 'queue: host' : 'queue: efs';
  return [
    `collector.queue: ephemeral, and ${why}: what a task has not sent ${seconds} s after ` +
      `SIGTERM, or when it is killed, is lost with its disk; ${keeps} keeps it`,
  ];
}
