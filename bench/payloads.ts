/**
 * Expositions like those of real exporters, generated from a seed: the same bytes on every machine,
 * and nothing captured. Each comes as two scrape bodies of one target with the same series and
 * other values, which is the usual case.
 */

export interface Exposition {
  readonly name: string;
  readonly samples: number;
  readonly bodies: readonly [Uint8Array, Uint8Array];
}

/** mulberry32, a small and fast generator that is good enough for test data. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Formats a float as Go does, with an exponent from a million on. */
function formatGoFloat(value: number): string {
  if (Math.abs(value) < 1e6 || !Number.isFinite(value)) return String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e+');
  return `${mantissa}e+${exponent.padStart(2, '0')}`;
}

class ExpositionWriter {
  readonly lines: string[] = [];
  samples = 0;

  family(name: string, type: string, series: readonly (readonly [string, number])[]): void {
    this.lines.push(`# HELP ${name} What ${name.replaceAll('_', ' ')} says of this machine.`);
    this.lines.push(`# TYPE ${name} ${type}`);
    for (const [labels, value] of series) {
      this.lines.push(`${name}${labels} ${formatGoFloat(value)}`);
      this.samples += 1;
    }
  }
}

/**
 * A machine with 8 processors, 6 disks and 5 networks: about 1,000 samples in many small families.
 */
function writeMachine(seed: number): ExpositionWriter {
  const exposition = new ExpositionWriter();
  const random = makeRandom(seed);
  const counter = (): number => Math.floor(random() * 1e10);
  const cpus = Array.from({ length: 8 }, (_, cpu) => cpu);
  const modes = ['idle', 'iowait', 'irq', 'nice', 'softirq', 'steal', 'system', 'user'];
  exposition.family(
    'node_cpu_seconds_total',
    'counter',
    cpus.flatMap((cpu) =>
      modes.map(
        (mode) => [`{cpu="${cpu}",mode="${mode}"}`, Math.round(random() * 1e8) / 100] as const,
      ),
    ),
  );
  for (let i = 0; i < 180; i++)
    exposition.family(`node_memory_area_${i}_bytes`, 'gauge', [['', counter()]]);
  for (let i = 0; i < 40; i++)
    exposition.family(
      `node_network_counter_${i}_total`,
      'counter',
      ['eth0', 'eth1', 'docker0', 'ecs-bridge', 'lo'].map(
        (device) => [`{device="${device}"}`, counter()] as const,
      ),
    );
  for (let i = 0; i < 30; i++)
    exposition.family(
      `node_disk_figure_${i}_total`,
      'counter',
      ['nvme0n1', 'nvme1n1', 'nvme2n1', 'sda', 'sdb', 'dm-0'].map(
        (device) => [`{device="${device}"}`, random() * 1_000] as const,
      ),
    );
  for (let i = 0; i < 300; i++)
    exposition.family(`node_netstat_item_${i}`, 'untyped', [['', Math.floor(random() * 1_000)]]);
  return exposition;
}

/** An application with 5,000 series of histograms: whole numbers, and a sum for each histogram. */
function writeHistograms(seed: number): ExpositionWriter {
  const exposition = new ExpositionWriter();
  const random = makeRandom(seed);
  const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10'];
  const series: [string, number][] = [];
  const base = 'http_request_duration_seconds';
  for (let route = 0; route < 360; route++) {
    const labels = `method="GET",path="/api/v1/orders/${route}",status="200"`;
    let count = 0;
    for (const bound of bounds) {
      count += Math.floor(random() * 1_000);
      series.push([`_bucket{${labels},le="${bound}"}`, count]);
    }
    series.push([`_bucket{${labels},le="+Inf"}`, count]);
    series.push([`_sum{${labels}}`, random() * 10_000], [`_count{${labels}}`, count]);
  }
  exposition.lines.push(`# HELP ${base} Latency.`, `# TYPE ${base} histogram`);
  for (const [rest, value] of series)
    exposition.lines.push(`${base}${rest} ${formatGoFloat(value)}`);
  exposition.samples += series.length;
  return exposition;
}

/** The expositions that all benchmarks use. */
export function makeExpositions(): Exposition[] {
  const make = (name: string, write: (seed: number) => ExpositionWriter): Exposition => {
    const [first, second] = [write(1), write(2)];
    const bytes = (exposition: ExpositionWriter): Uint8Array =>
      Buffer.from(`${exposition.lines.join('\n')}\n`);
    return { name, samples: first.samples, bodies: [bytes(first), bytes(second)] };
  };
  return [make('machine', writeMachine), make('histograms', writeHistograms)];
}
