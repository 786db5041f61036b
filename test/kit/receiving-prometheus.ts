/** A real Prometheus that takes remote write, as the receiver of a test. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { freePort, type Running, startProgram } from './processes.ts';

/** Starts it with its data in the folder; it scrapes nothing. Samples go to `url/api/v1/write`. */
export async function startReceivingPrometheus(
  context: TestContext,
  program: string,
  folder: string,
): Promise<Running> {
  const port = await freePort();
  const config = path.join(folder, 'empty.yml');
  writeFileSync(config, 'global: {}\n');
  return startProgram(
    context,
    program,
    [
      '--web.enable-remote-write-receiver',
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    port,
    '/-/ready',
  );
}
