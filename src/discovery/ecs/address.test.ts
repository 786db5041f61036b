import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAddress } from './address.ts';

test('a label that names the host port is told the port of the container', () => {
  const networkBindings = [{ hostPort: 32_768, containerPort: 8_080, protocol: 'tcp' as const }];
  const facts = {
    region: 'us-east-1',
    cluster: {},
    task: { containers: [{ name: 'app', networkBindings }] },
    definition: undefined,
    containerInstance: undefined,
    ec2: undefined,
    service: undefined,
    networkInterface: undefined,
  };
  const words = (port: number): string => {
    const found = findAddress(facts, 'app', port, '10.0.0.1');
    return 'words' in found ? found.words : found.address;
  };
  assert.equal(words(8_080), '10.0.0.1:32768');
  assert.match(words(32_768), /^bridge: 32768 is the host port .* port 8080 .*give 8080$/);
  assert.match(words(9_090), /no host port is bound to port 9090/);
});
