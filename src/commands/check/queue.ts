/** `amperage check queue`: what waits in the queues below a folder, without touching them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { ConfigError } from '../../kernel/errors.ts';
import { inspectQueue, type QueueContents } from '../../queue/inspect.ts';

export function checkQueueCommand(write: (text: string) => void): Command {
  return new Command('queue')
    .description('show what waits in a queue, or in all queues of a collector; changes nothing')
    .argument('<dir>', 'folder of one queue, or --storage.path of a collector')
    .addHelpText('after', '\nExample: amperage check queue /var/lib/amperage')
    .action((directory: string) => {
      if (!existsSync(directory))
        throw new ConfigError('QUEUE_ABSENT', `there is no folder ${directory}`);
      const below = readdirSync(directory, { withFileTypes: true }).filter((one) =>
        one.isDirectory(),
      );
      const queues =
        below.length === 0 ? [directory] : below.map(({ name }) => join(directory, name));
      for (const queue of queues) write(render(queue, inspectQueue(queue)));
    });
}

function render(directory: string, found: QueueContents): string {
  const time = (ms: number | undefined): string =>
    ms === undefined ? '-' : new Date(ms).toISOString();
  const lines = [
    directory,
    `  waiting   ${found.items} items in ${found.chunks} chunks`,
    `  times     ${time(found.oldestMs)} to ${time(found.newestMs)}`,
    `  on disk   ${found.bytes} bytes in ${found.segments} segments, ${found.doneChunks} chunks of them done`,
    ...[...found.byLane].map(([lane, items]) => `  lane ${lane.padEnd(6)} ${items} items`),
  ];
  const faults = [
    found.badHeaders > 0 ? `${found.badHeaders} damaged headers` : '',
    found.badChunks > 0 ? `${found.badChunks} damaged chunks` : '',
    found.tornBytes > 0 ? `a torn end of ${found.tornBytes} bytes` : '',
    found.isCursorDamaged ? 'a damaged cursor: all is sent again' : '',
  ].filter((fault) => fault !== '');
  lines.push(`  faults    ${faults.length === 0 ? 'none' : faults.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
