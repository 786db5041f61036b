import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from './metrics.ts';
import { registerProcessMetrics } from './process-metrics.ts';

test('what the system does not tell of the process is left out, and all else is shown', () => {
  const metrics = new Registry();
  let isMounted = true;
  const read = (value: number) => (): number => {
    if (!isMounted) throw new Error('ENOENT: no such file or directory, uv_resident_set_memory');
    return value;
  };
  registerProcessMetrics(metrics, { residentBytes: read(4_096), openFiles: read(7) });
  assert.match(metrics.expose(), /^process_resident_memory_bytes 4096$/m);
  assert.match(metrics.expose(), /^process_open_fds 7$/m);
  isMounted = false;
  const shown = metrics.expose();
  assert.doesNotMatch(shown, /process_resident_memory_bytes|process_open_fds/);
  assert.match(shown, /^process_cpu_seconds_total \d/m);
  isMounted = true;
  assert.match(metrics.expose(), /^process_open_fds 7$/m);
});

test('the system tells the memory and the descriptors of this process', () => {
  const metrics = new Registry();
  registerProcessMetrics(metrics);
  assert.match(metrics.expose(), /^process_resident_memory_bytes [1-9]/m);
});
