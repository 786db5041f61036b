/**
 * All findings of a configuration come at once, each where its fault is written: a row for each
 * text that told a part of them, or told one fault as several.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../settings/finding.ts';
import { checkConfigText } from './load.ts';

async function linesOf(text: readonly string[]): Promise<string[]> {
  const { findings } = await checkConfigText(text.join('\n'), 'c.yml', { env: {} });
  return findings.map(formatFinding);
}

const AMP = 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1';

const rows: readonly (readonly [string, readonly string[], readonly RegExp[]])[] = [
  [
    'a quotation mark that is not closed',
    [
      'scrape_configs:',
      '  - job_name: a',
      "    static_configs: [{targets: ['a:1]}]",
      '  - job_name: b',
      "    static_configs: [{targets: ['b:1']}]",
    ],
    [/^c\.yml:3:33: not valid YAML: missing closing 'quote/],
  ],
  [
    'a bracket that is not closed',
    [
      'scrape_configs:',
      '  - job_name: a',
      '    static_configs:',
      '      - targets: [a:1',
      '    metrics_path: /x',
    ],
    [/^c\.yml:4:18: not valid YAML: flow sequence/],
  ],
  [
    'a line that stands too far to the right',
    ['scrape_configs:', '  - job_name: a', '     metrics_path: /x', '    scheme: http'],
    [/^c\.yml:2:15: not valid YAML: .*; the next line stands too far to the right/],
  ],
  [
    'a line that stands in the column of no other',
    ['remote_write:', '  - url: http://h/w', '   name: a'],
    [/^c\.yml:3:1: not valid YAML: .*; begin the line in the column of those beside it/],
  ],
  [
    'a colon that is missing between others',
    ['remote_write:', '  - url http://h/w', '    name: a'],
    [/^c\.yml:2:5: not valid YAML: .*; is ":" missing after a key here, or the blank/],
  ],
  [
    'a colon that is missing where nothing else stands, which is a text for YAML',
    ['global:', '  scrape_interval 30s', 'remote_write:', '  - url:http://h/w', '  - name secret'],
    [
      /^c\.yml:2:3: "global" .*: expected a mapping, got text; is ":" missing after "scrape_int/,
      /^c\.yml:4:5: remote_write\[0\]: .*; is ":" missing after "url", or the blank behind it\?/,
      /^c\.yml:5:5: remote_write\[1\]: .*; is ":" missing after "name", or the blank behind it\?/,
    ],
  ],
  [
    'a text where a mapping should be that is none of its keys',
    ['global: nothing'],
    [/^c\.yml:1:9: "global" in the top level: expected a mapping, got text \[/],
  ],
  [
    'a tab',
    ['global:', '\tscrape_interval: 30s'],
    [/^c\.yml:2:1: not valid YAML: tabs .*; type blanks instead/],
  ],
  [
    'faults of the schema, of relabelling, repeated names and repeated keys',
    [
      'scrape_configs:',
      '  - job_name: a',
      '    scrape_interval: 10x',
      '    scrape_timeout: 50m',
      '    bogus: 1',
      "    relabel_configs: [{regex: '('}]",
      '  - scheme: http',
      '  - job_name: a',
      '    metrics_path: /x',
      '    metrics_path: /y',
      '    scrape_timeout: 2m',
      'remote_write:',
      '  - {}',
      '  - {url: "http://h/w", name: ""}',
    ],
    [
      /^c\.yml:3:22: "scrape_interval" .* is not a duration/,
      /^c\.yml:5:5: unknown key "bogus"/,
      /^c\.yml:6:\d+: /,
      /^c\.yml:7:5: missing key "job_name"/,
      /^c\.yml:8:15: job_name "a" is used by another/,
      /^c\.yml:10:5: key "metrics_path" is given twice/,
      /^c\.yml:11:21: scrape_timeout 2m of job "a" is more/,
      /^c\.yml:13:5: missing key "url"/,
      /^c\.yml:14:31: a name has 1 to/,
    ],
  ],
  [
    'the same in a collector configuration',
    [
      'receivers:',
      '  prometheus:',
      '    config:',
      '      scrape_configs:',
      '        - job_name: a',
      '          bogus: 1',
      '        - job_name: a',
      'exporters: {prometheusremotewrite: {endpoint: "http://h/w"}}',
      'service:',
      '  pipelines: {metrics: {receivers: [prometheus], exporters: [prometheusremotewrite]}}',
    ],
    [/^c\.yml:6:11: unknown key "bogus"/, /^c\.yml:7:21: job_name "a" is used by another/],
  ],
  [
    'what is without effect because of another fault is not told',
    ['otlp_receivers: [{nope: 1}]', 'otlp: {}', 'remote_write: [{url: "http://h/w"}]'],
    [/^c\.yml:1:\d+: unknown key "nope"/],
  ],
  [
    'keys that stand a level too high or too low',
    [
      'url: http://h/w',
      'scrape_timeout: 3s',
      'scrape_configs:',
      '  - job_name: a',
      '    server_name: b',
      '    static_configs:',
      "      - targets: ['a:1']",
      '        scrape_interval: 5s',
      'remote_write:',
      '  - url: http://h/w',
      '    region: us-east-1',
      '    region_: us-east-1',
    ],
    [
      /^c\.yml:1:1: unknown key "url" in the top level; it belongs into an entry of "remote_write" \[/,
      /^c\.yml:2:1: .*; it belongs into "global" or an entry of "scrape_configs" \[/,
      /^c\.yml:5:5: unknown key "server_name" in .*; it belongs into "tls_config" \[/,
      /^c\.yml:8:9: .*static_configs\[0\] \("a"\); it belongs into scrape_configs\[0\] \("a"\) \[/,
      /^c\.yml:11:5: unknown key "region" in remote_write\[0\]; it belongs into "sigv4" \[/,
      /^c\.yml:12:5: unknown key "region_" in remote_write\[0\] \[/,
    ],
  ],
  [
    'urls of AMP that take no samples',
    [
      'remote_write:',
      `  - {url: ${AMP}/api/v1/query, sigv4: {}}`,
      `  - {url: ${AMP}, sigv4: {}}`,
      `  - {url: ${AMP}/api/v1/remote_write}`,
      `  - url: ${AMP}/api/v1/remote_write`,
      '    name: other',
      '    sigv4: {region: eu-west-1}',
    ],
    [
      /^c\.yml:2:11: AMP takes samples at .*, not at \/workspaces\/ws-1\/api\/v1\/query/,
      /^c\.yml:3:11: AMP takes samples at /,
      /^c\.yml:4:5: AMP takes signed requests only; add sigv4/,
      /^c\.yml:7:21: the workspace is in us-east-1, .* signed for eu-west-1/,
    ],
  ],
  [
    'hosts of AMP that do not exist, and http',
    [
      'remote_write:',
      `  - url: ${AMP.replace('us-east-1', 'us-east1')}/api/v1/remote_write`,
      '    sigv4: {region: us-east-1}',
      `  - {url: ${AMP.replace('https', 'http')}/api/v1/remote_write, sigv4: {}}`,
    ],
    [
      /^c\.yml:2:10: "aps-workspaces\.us-east1\.amazonaws\.com" names no region of AWS; /,
      /^c\.yml:4:11: AMP is reached by https alone; write https:/,
    ],
  ],
  [
    'urls of AMP that are right',
    ['remote_write:', `  - {url: ${AMP}/api/v1/remote_write, sigv4: {}}`],
    [],
  ],
  [
    'files of targets that are not there',
    [
      'scrape_configs:',
      '  - job_name: a',
      '    file_sd_configs: [{files: [/nope/a.json, /nope/*.yml, /*.yml]}]',
    ],
    [/^c\.yml:3:32: there is no file \/nope\/a\.json/, /^c\.yml:3:46: there is no folder \/nope/],
  ],
];

for (const [name, text, expected] of rows)
  test(name, async () => {
    const lines = await linesOf(text);
    assert.equal(lines.length, expected.length, lines.join('\n'));
    for (const [index, line] of lines.entries()) assert.match(line, expected[index] ?? /^$/);
  });
