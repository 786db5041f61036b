import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfigText } from './load.ts';

async function check(text: string) {
  const { plan, findings } = await checkConfigText(text, 'c.yml', { env: {} });
  const told = findings.map(({ severity, line, message }) => `${severity} ${line} ${message}`);
  return { plan, told };
}

const WRITE = 'remote_write: [{url: "http://a/write"}]\n';

test('StatsD goes to every sink of metrics, as totals under names of Prometheus', async () => {
  const { plan, told } = await check(`${WRITE}statsd_receivers: [{}]\n`);
  assert.deepEqual(told, []);
  const [receiver] = plan!.statsdReceivers;
  assert.equal(receiver?.listen, '127.0.0.1:8125');
  assert.ok(receiver.isCumulative && receiver.isMonotonic && receiver.escapesNames);
  assert.deepEqual(plan!.routes.map(({ sources }) => sources), [['statsd']]);
}); // prettier-ignore

test('faults of a receiver are told at their lines', async () => {
  const { told } = await check(
    `${WRITE}statsd_receivers:\n- {buckets: [2, 1]}\n- {listen: x, observe: summary, ` +
`buckets: [1]}\n` +
      '- {name: c, transport: unix}\n- {name: d, socket_permissions: 999, listen: ":8126"}\n' +
      '- {name: e, listen: ":8127", observe: summary, percentiles: [101]}\n' +
      '- {name: f, listen: "0.0.0.0:8125"}\n',
  );
  for (const [index, pattern] of [
    /3 bounds must ascend/, /4 name "statsd" is used/, /4 buckets need "observe: histogram"/,
    /4 "x" is not host:port/, /5 transport unix needs the path/, /6 "999" are no permissions/,
    /7 percentile 101 is not/, /8 receiver "f" listens on 0\.0\.0\.0:8125, as receiver "statsd" does/,
  ].entries())
    assert.ok(told.some((one) => pattern.test(one)), `${index}: ${pattern} of ${told.join('\n')}`);
  assert.equal(told.length, 8);
}); // prettier-ignore
