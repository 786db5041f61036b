/** `amperage check queue`: shows what waits in the queues below a folder, and changes nothing. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { ConfigError } from '../../kernel/errors.ts';
import { COLLECTORS, inspectQueue, type QueueContents } from '../../queue/inspect.ts';
import { readSegmentId } from '../../queue/segment.ts';

export function createCheckQueueCommand(write: (text: string) => void): Command {
  return new Command('queue')
    .description('show what waits in a queue, or in all queues of a collector; changes nothing')
    .argument('<dir>', 'folder of one queue, or --storage.path of a collector')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage check queue /var/lib/amperage\n  amperage check queue ' +
        '/var/lib/amperage/aps-workspaces.us-east-1.amazonaws.com-b478a1\n',
    )
    .action((directory: string) => {
      for (const queue of findQueues(directory)) write(render(queue, inspectQueue(queue)));
    });
}

/**
 * The folder itself if it is a queue, else the queues in it.
 *
 * @throws ConfigError QUEUE_ABSENT where neither it nor a folder in it is a queue
 */
function findQueues(directory: string): readonly string[] {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new ConfigError(
      'QUEUE_ABSENT',
      `there is no folder "${directory}"; give the --storage.path of a collector`,
    );
  if (isQueue(directory)) return [directory];
  const inside = listFolders(directory);
  // Where collectors share the folder, each has one of its own, with its queues.
  const queues = [
    ...inside,
    ...listFolders(join(directory, COLLECTORS)).flatMap(listFolders),
  ].filter(isQueue);
  if (queues.length > 0) return queues;
  throw new ConfigError(
    'QUEUE_ABSENT',
    `"${directory}" is no queue and holds none; give the --storage.path of a collector`,
  );
}

function listFolders(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(directory, name));
}

/**
 * Whether a folder has a file that a queue keeps: a segment or the cursor, or the lock where there
 * are no folders in it. A folder with queues may have a lock of its own.
 */
function isQueue(directory: string): boolean {
  const names = readdirSync(directory);
  if (names.some((name) => name === 'cursor' || readSegmentId(name) !== undefined)) return true;
  return names.includes('lock') && listFolders(directory).length === 0;
}

function render(directory: string, found: QueueContents): string {
  const time = (ms: number | undefined): string =>
    ms === undefined ? '-' : new Date(ms).toISOString();
  const lines = [
    directory,
    `  waiting   ${found.items} items in ${found.chunks} chunks`,
    `  times     ${time(found.oldestMs)} to ${time(found.newestMs)}`,
    `  on disk   ${found.bytes} bytes in ${found.segments} segments, ${found.doneChunks} ` +
      'chunks of them done',
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
