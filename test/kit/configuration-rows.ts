/**
 * Small configurations of Prometheus, each with what becomes of it here and there. What the two
 * have in common is not written twice: `taken` and `refused` are of both.
 */

export interface ConfigurationRow {
  readonly text: string;
  /** What `promtool check config` says. */
  readonly there: 'taken' | 'refused';
  readonly here: 'taken' | 'refused';
  /** Findings here, in order; a good value has none. */
  readonly says: readonly RegExp[];
}

const job = (keys: string): string => `scrape_configs: [{ job_name: a, ${keys} }]`;
const write = (keys: string): string => `remote_write: [{ url: "http://x/w", ${keys} }]`;

const rule = (key: string, keys: string): string =>
  `scrape_configs:\n  - job_name: a\n    ${key}:\n    - source_labels: [a]\n      ${keys}\n`;

const taken = (text: string, ...says: readonly RegExp[]): ConfigurationRow => ({
  text,
  there: 'taken',
  here: 'taken',
  says,
});

const refused = (text: string, ...says: readonly RegExp[]): ConfigurationRow => ({
  text,
  there: 'refused',
  here: 'refused',
  says,
});

/** Taken there, and refused here, for the reason that is said. */
const lacking = (text: string, ...says: readonly RegExp[]): ConfigurationRow => ({
  text,
  there: 'taken',
  here: 'refused',
  says,
});

const IN_QUOTES = /in quotes is text; write it without quotes \[CONFIG_TYPE\]$/;
const NOT_YET = /file "none" does not exist yet \[CONFIG_NOTE\]$/;
const NO_SIZE = /is not a size; write it as 512KB, 15MB or 1GB \[CONFIG_VALUE\]$/;
const STORAGE =
  /^c\.yml:1:1: storage is not taken over: a collector has a queue .* \[CONFIG_NOTE\]$/;
const UNKNOWN = /unknown key "foo" .* \[CONFIG_UNKNOWN_KEY\]$/;
const RESERVED = /header "[\w-]+" is reserved; remove it \[CONFIG_VALUE\]$/;

const lists = (keys: string): string => job(`http_sd_configs: [{ url: "http://x/l", ${keys} }]`);
const CONNECTION = [
  'tls_config: { insecure_skip_verify: true, server_name: x, min_version: TLS13 }',
  'proxy_url: "http://p:3128", no_proxy: "x,10.0.0.0/8"',
  'proxy_url: "http://p:3128", proxy_connect_header: { A: [b] }',
  'proxy_from_environment: true',
];
const TOKENS = 'client_id: a, client_secret: b, token_url: "http://t", scopes: [c]';
/** The keys of an HTTP client, which are the same for all that have one. */
const CLIENT_KEYS = [
  ...CONNECTION,
  'basic_auth: { username: u, password: p }',
  'authorization: { type: Token, credentials: c }',
  'bearer_token: t',
  `oauth2: { ${TOKENS}, endpoint_params: { d: e } }`,
  ...CONNECTION.map((keys) => `oauth2: { ${TOKENS}, ${keys} }`),
  'http_headers: { X-A: { values: [b], secrets: [c] } }',
  'follow_redirects: false',
  'enable_http2: false',
];

export const CONFIGURATION_ROWS: readonly ConfigurationRow[] = [
  ...[job, lists, write].flatMap((place) => CLIENT_KEYS.map((keys) => taken(place(keys)))),

  // What asks for nothing.
  taken('rule_files: []'),
  taken('rule_files:'),
  taken('alerting: {}'),
  taken('alerting: { alertmanagers: [] }'),
  taken('alerting: { alert_relabel_configs: [], alertmanagers: [] }'),
  taken('remote_read: []'),
  taken('tracing:'),
  refused('tracing: {}', /"tracing" .* \[CONFIG_UNSUPPORTED\]$/),
  lacking(
    'alerting: { alertmanagers: [{ static_configs: [{ targets: ["x:9093"] }] }] }',
    /"alerting" .* \[CONFIG_UNSUPPORTED\]$/,
  ),
  lacking('remote_read: [{ url: "http://x" }]', /"remote_read" .* \[CONFIG_UNSUPPORTED\]$/),

  // Two entries of one URL.
  taken(
    'remote_write: [{ url: "http://x/w", name: a }, ' +
      '{ url: "http://x/w", name: b, headers: { X-Scope-OrgID: b } }]',
  ),
  taken(
    'remote_write: [{ url: "http://x/w" }, { url: "http://x/w", headers: { X-Scope-OrgID: b } }]',
    /delivers to the same place as remote_write\[0\].* give each a "name".* \[CONFIG_NOTE\]$/,
  ),
  refused(
    'remote_write: [{ url: "http://x/w", name: a }, { url: "http://y/w", name: a }]',
    /name "a" is used .* \[CONFIG_DUPLICATE\]$/,
  ),

  // Schemes in any case.
  taken(job('scheme: HTTP')),
  taken(job('scheme: Https')),
  lacking(job('scheme: ftp'), /"scheme" .* expected one of "http"\|"https" \[CONFIG_VALUE\]$/),

  // Numbers in every form of YAML.
  taken(job('sample_limit: 1e3')),
  taken(job('ec2_sd_configs: [{ region: us-east-1, port: 1e3 }]')),
  taken(job('sample_limit: 1_000')),
  taken(job('sample_limit: 0x10')),
  taken(job('sample_limit: 010')),
  taken(job('sample_limit: 1.0')),
  taken(job('sample_limit:')),
  taken(job('native_histogram_bucket_limit: 1e2')),
  taken(write('queue_config: { capacity: 1e3 }')),
  lacking(job('sample_limit: 1.5'), /"sample_limit" .* expected a whole number/),
  refused(job('sample_limit: "10"'), /"sample_limit" .* expected a whole number/),
  refused(job("sample_limit: '1e3'"), IN_QUOTES),
  refused(job('sample_limit: -1'), /"sample_limit" .* must not be negative/),
  taken(job('native_histogram_min_bucket_factor: 1.1')),
  refused(job('native_histogram_min_bucket_factor: "1.1"'), IN_QUOTES),

  // Switches: the words of YAML 1.1, and no quotes.
  ...['yes', 'on', 'y', 'True', 'OFF', 'n'].map((word) => taken(job(`honor_labels: ${word}`))),
  taken(job('honor_labels:')),
  refused(job("honor_labels: 'true'"), IN_QUOTES),
  refused(job('honor_labels: "yes"'), IN_QUOTES),
  refused(job('enable_compression: "off"'), IN_QUOTES),
  refused(job('honor_labels: tRUE'), /"honor_labels" .* expected true or false/),
  refused(job('honor_labels: 1'), /"honor_labels" .* expected true or false/),
  refused(job('honor_labels: ""'), /"honor_labels" .* expected true or false/),
  refused(write("send_exemplars: 'true'"), IN_QUOTES),
  refused(write('tls_config: { insecure_skip_verify: "true" }'), IN_QUOTES),
  refused(write('round_robin_dns: abc'), /"round_robin_dns" .* expected true or false/),
  taken(job('relabel_configs: [{ target_label: a, replacement: "true" }]')),
  taken('global: { external_labels: { a: "yes", b: "1e3" } }'),

  // Sizes.
  ...['10MB', '10MiB', '1000B', '1.5MB', '1MB500KB', '.5MB', '5.MB', '+5MB'].map((size) =>
    taken(job(`body_size_limit: ${size}`)),
  ),
  ...['"10 MB"', '10M', '10', '00', '""', '10mb', '10kB', '1e3'].map((size) =>
    refused(job(`body_size_limit: ${size}`), NO_SIZE),
  ),
  lacking(job('body_size_limit: -1MB'), NO_SIZE),

  // Proxies.
  taken(job('proxy_url: "socks5://x:1080"')),
  taken(job('proxy_url: "socks5h://u:p@x:1080"')),
  lacking(
    job('proxy_url: "socks4://x"'),
    /must begin with http:.* one of SOCKS5 begins with socks5:/,
  ),
  lacking(
    job('proxy_url: "proxy:3128"'),
    /must begin with http:.* one of SOCKS5 begins with socks5:/,
  ),

  refused(job('proxy_from_environment: true, no_proxy: a'), /proxy_from_environment excludes/),

  // Headers.
  taken(job('http_headers: { Accept: { values: [text/plain] } }')),
  taken(write('headers: { Accept: "*/*" }')),
  taken(write('http_headers: { Accept: { values: ["*/*"] } }')),
  ...['Accept-Encoding', 'Host', 'User-Agent', 'Proxy-Authorization', 'Www-Authenticate'].map(
    (name) => refused(job(`http_headers: { ${name}: { values: [x] } }`), RESERVED),
  ),

  // Secrets that come later.
  taken(job('basic_auth: { username: u, password_file: none }'), NOT_YET),
  taken(job('basic_auth: { username_file: none }'), NOT_YET),
  taken(write('basic_auth: { username: u, password_file: none }'), NOT_YET),
  taken(write('basic_auth: { username_file: none, password_file: none }'), NOT_YET, NOT_YET),
  taken(write('authorization: { credentials_file: none }'), NOT_YET),
  taken(write('bearer_token_file: none'), NOT_YET),
  taken(write('tls_config: { ca_file: none }'), NOT_YET),
  taken(
    write('oauth2: { client_id: a, client_secret_file: none, token_url: "http://t" }'),
    NOT_YET,
  ),

  // What is of the store and of Go.
  taken('storage: { tsdb: { out_of_order_time_window: 30m } }', STORAGE),
  taken('storage: { exemplars: { max_exemplars: 1e3 } }', STORAGE),
  taken('storage:'),
  refused('storage: { foo: 1 }', UNKNOWN),
  refused('storage: { tsdb: { foo: 1 } }', UNKNOWN),
  refused('storage: { exemplars: { foo: 1 } }', UNKNOWN),
  refused('storage: { tsdb: { out_of_order_time_window: x } }', /is not a duration/),
  taken('runtime: { gogc: 50 }'),
  refused('runtime: { foo: 1 }', UNKNOWN),
  refused('runtime: { gogc: x }', /"gogc" .* expected a number/),
  taken('global: { query_log_file: a, rule_query_offset: 1m, evaluation_interval: 1m }'),
  refused('global: { query_log_file: { a: 1 } }', /"query_log_file" .* expected text/),

  // Addresses of targets.
  taken(
    job(
      'static_configs: [{ targets: ["https://x"] }], relabel_configs: ' +
        '[{ source_labels: [__address__], target_label: __param_target }, ' +
        '{ target_label: __address__, replacement: "x:9115" }]',
    ),
  ),
  taken(
    job('static_configs: [{ targets: ["x:99999"] }]'),
    /target "x:99999" has port 99999; the highest is 65535 \[CONFIG_NOTE\]$/,
  ),
  refused(job('static_configs: [{ targets: ["http://x"] }]'), /is not a host and port/),

  // Discovery of elsewhere that is not used, more than one document, types.
  taken(job('kubernetes_sd_configs: [], ec2_sd_configs: []')),
  taken(
    'global: {}\n---\nglobal: { foo: 1 }',
    /^c\.yml:2:1: a second document begins here; it is not/,
  ),
  taken('---\n---\nglobal: {}', /^c\.yml:2:1: a second document begins here/),
  refused('- a', /^c\.yml:1:1: the top level: expected a mapping, got a list/),
  refused('global: a', /^c\.yml:1:9: "global" in the top level: expected a mapping, got text/),
  refused(
    job('file_sd_configs: [null]'),
    /file_sd_configs\[0\] .*: expected a mapping, got nothing/,
  ),
  refused(
    job('scrape_interval: 5s, scrape_timeout: 6s, static_configs: [{ targets: [a, b] }]'),
    /scrape_timeout 6s of job "a" is more/,
  ),

  // Unknown keys without a value.
  refused('scrape_confgis:', /^c\.yml:1:1: unknown key "scrape_confgis" in the top level; did you/),
  refused(
    job('static_config: '),
    /^c\.yml:1:33: unknown key "static_config" in scrape_configs\[0\]/,
  ),
  refused(write('queue_config: { foo: }'), UNKNOWN),
  taken(job('static_configs: [{ targets: ["x:1"], labels: { foo: } }]')),
  taken('global:\nscrape_configs:\nremote_write:\nrule_files:'),
  taken('global: { external_labels: { foo: } }'),

  // The key of a rule that is wrong.
  ...['relabel_configs', 'metric_relabel_configs'].flatMap((key) => [
    refused(rule(key, 'action: keep\n      regex: "("'), /^c\.yml:6:14: invalid regex "\("/),
    refused(rule(key, 'action: kep'), /^c\.yml:5:15: unknown relabel action "kep"/),
    refused(
      rule(key, 'action: lowercase\n      target_label: b\n      replacement: c'),
      /^c\.yml:7:20: /,
    ),
    refused(rule(key, 'action: labeldrop'), /^c\.yml:4:22: "source_labels" can't be set/),
    refused(rule(key, 'target_label: ""'), /^c\.yml:5:21: action replace requires/),
    refused(rule(key, 'action: replace'), /^c\.yml:4:7: action replace requires/),
  ]),
  refused(job('relabel_configs: [{ source_labels: [""], target_label: b }]'), /empty name/),

  // Aliases of nothing.
  refused(job('static_configs: *none'), /^c\.yml:1:49: no anchor "&none" stands before the/),
  refused(
    'scrape_configs:\n  - job_name: a\n    static_configs:\n      - targets: [*:9100]\n',
    /^c\.yml:4:19: no anchor "&:9100" stands before the alias "\*:9100"; write it in quotes/,
  ),
];
