/**
 * Checks the extensions in which exporters want to store their queues. Queues are on disk in any
 * case; a name that means nothing is a mistake all the same, and the Collector does not start
 * with it.
 * Source: core's exporter/exporterhelper/internal/queue/persistent_queue.go (toStorageClient)
 */
import type { Reporter } from '../../settings/finding.ts';
import { typeOf } from './components.ts';
import type { CollectorInput, OtelComponent } from './document.ts';
import { fileStorageKind } from './extensions/file-storage.ts';
import type { Used } from './pipelines.ts';

/** Types that store; those that are not built in are refused where `service` names them. */
const STORES = new Set([...fileStorageKind.names, 'db_storage', 'redis_storage']);

export function checkQueueStorage(
  input: CollectorInput,
  { pipelines, extensions }: Pick<Used, 'pipelines' | 'extensions'>,
  report: Reporter,
): void {
  for (const name of new Set(pipelines.flatMap((one) => one.exporters))) {
    const storage = readStorage(input.exporters?.[name] ?? {});
    if (storage === undefined) continue;
    const fault = describeFault(storage, input, extensions);
    if (fault !== undefined)
      report.error(
        ['exporters', name, 'sending_queue', 'storage'],
        'CONFIG_VALUE',
        `storage "${storage}" ${fault}, or remove storage: queues are on disk in any case`,
      );
  }
}

function describeFault(
  storage: string,
  input: CollectorInput,
  running: ReadonlySet<string>,
): string | undefined {
  if (!Object.hasOwn(input.extensions ?? {}, storage))
    return 'is not found: "extensions" does not define it; define it';
  if (!running.has(storage))
    return 'is not found: "service.extensions" does not name it; name it there';
  return STORES.has(typeOf(storage))
    ? undefined
    : 'is an extension that stores nothing; name another';
}

/** The extension that a queue names, where there is a queue. */
function readStorage(exporter: OtelComponent): string | undefined {
  const queue: unknown = exporter['sending_queue'];
  if (typeof queue !== 'object' || queue === null) return undefined;
  const { enabled, storage } = queue as { readonly enabled?: unknown; readonly storage?: unknown };
  return enabled !== false && typeof storage === 'string' && storage !== '' ? storage : undefined;
}
