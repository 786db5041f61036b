import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerDefinition, Task, TaskDefinition } from '../shapes.ts';
import { Images, parseImages } from './images.ts';
import { planContainer } from './task-plan.ts';
import type { ContainerView } from './view-text.ts';

const images = new Images(
  parseImages({ images: [{ image: 'exporter:*', program: ['/bin/exporter'] }] }, 'images.yml'),
);

const view: ContainerView = {
  address: '127.64.0.9',
  emulator: 'http://127.0.0.1:4566',
  ports: { '9100': 32_768 },
  mounts: [
    { at: '/host/root', folder: '' },
    { at: '/host/proc', folder: '/proc' },
  ],
};

function plan(container: Partial<ContainerDefinition>): ReturnType<typeof planContainer> {
  const task = { overrides: { containerOverrides: [] } } as unknown as Task;
  return planContainer(
    { name: 'exporter', image: 'exporter:1', ...container },
    {
      task,
      definition: {} as TaskDefinition,
      images,
      ownLine: ['node', 'main.js'],
      folder: '/tmp/task',
      given: {},
      view,
    },
  );
}

test('arguments of other programs name the address of the task, its ports and its folders', () => {
  const told: readonly (readonly [string, string])[] = [
    ['--web.listen-address=:9100', '--web.listen-address=127.64.0.9:32768'],
    [':8080', '127.64.0.9:8080'],
    ['0.0.0.0:9100', '127.64.0.9:32768'],
    ['[::]:80', '127.64.0.9:80'],
    ['http://localhost:9100/x', 'http://127.64.0.9:32768/x'],
    ['--allow=0.0.0.0/0', '--allow=0.0.0.0/0'],
    ['--at=10:30', '--at=10:30'],
    ['https://10.1.2.3:9100/host/proc', 'https://10.1.2.3:9100/host/proc'],
    ['--path.procfs=/host/proc', '--path.procfs=/proc'],
    ['--path.rootfs=/host/root', '--path.rootfs=/'],
    ['/host/root/etc//x', '/etc//x'],
  ];
  const { line } = plan({ command: told.map(([given]) => given) });
  assert.deepEqual(line, ['/bin/exporter', ...told.map(([, after]) => after)]);
});

test('a health check of another program asks the task, whatever is mounted', () => {
  const { checkLine } = plan({});
  const words = ['wget http://localhost:9090/-/healthy -O /dev/null|| exit 1'];
  const asked = 'wget http://127.64.0.9:9090/-/healthy -O /dev/null|| exit 1';
  assert.deepEqual(checkLine(['CMD-SHELL', ...words]), ['sh', '-c', asked]);
  const direct = checkLine(['CMD', 'wget', 'http://localhost:9090/']);
  assert.deepEqual(direct, ['wget', 'http://127.64.0.9:9090/']);
});

test('images of published articles have a command, and no arguments that their variables give', () => {
  const told: readonly (readonly [string, ...(readonly string[])])[] = [
    ['tkgregory/prometheus-ecs-discovery:latest', 'discover'],
    ['ghcr.io/bruceharrison1984/ecomm-prometheus:v2.29.1', 'collect'],
    ['tkgregory/prometheus-with-remote-configuration:latest', 'collect'],
    ['prom/prometheus', 'collect', '--config.file=/etc/prometheus/prometheus.yml'],
    ['quay.io/prometheus/prometheus:v2.24.0', 'collect', '--config.file=/etc/prometheus/prometheus.yml'],
    ['public.ecr.aws/awsvijisarathy/prometheus-sdconfig-reloader:4.0', 'discover'],
    ['public.ecr.aws/awsvijisarathy/adot-http-sdconfig:2.0', 'discover'],
    ['public.ecr.aws/aws-observability/aws-sigv4-proxy:1.0', 'proxy'],
    ['amazon/aws-otel-collector:v0.15.1', 'collect'],
    ['public.ecr.aws/awsvijisarathy/prometheus-webapp:latest', 'sample-app'],
    ['public.ecr.aws/awsvijisarathy/generic-webapp:6.0', 'sample-app'],
  ];
  for (const [image, ...words] of told)
    assert.deepEqual(plan({ image }).line, ['node', 'main.js', ...words], image);
}); // prettier-ignore
