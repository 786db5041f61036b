import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { ConfigError } from '../kernel/errors.ts';
import { HttpServer } from '../kernel/http-server.ts';
import { silentLogger } from '../kernel/logger.ts';
import { loadWebConfig } from './web-config.ts';
import { makeCertificate } from '../../test/kit/authority.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';

const dir = temporaryFolder({ after });

async function serve(file: string, use: (server: HttpServer) => Promise<void>): Promise<void> {
  const server = new HttpServer({
    name: 'test',
    listen: '127.0.0.1:0',
    log: silentLogger,
    web: await loadWebConfig(file, silentLogger),
    routes: [{ method: 'GET', path: '/secret', handle: () => ({ status: 200, body: 'open' }) }],
  });
  await server.start();
  try {
    await use(server);
  } finally {
    await server.stop(100);
  }
}

/** Status and the subject of the server's certificate. */
function ask(server: HttpServer, options: RequestOptions = {}): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      `${server.url}/secret`,
      { rejectUnauthorized: false, agent: false, ...options },
      (response) => {
        const { socket } = response as unknown as {
          socket: { getPeerCertificate(): { subject?: { CN?: string } } };
        };
        const subject = socket.getPeerCertificate().subject?.CN ?? '';
        response.resume().once('end', () => resolve([response.statusCode ?? 0, subject]));
      },
    );
    request.once('error', reject).end();
  });
}

test('basic auth lets in who knows the password, and tells others nothing', async () => {
  const file = join(dir, 'auth.yml');
  writeFileSync(
    file,
    `basic_auth_users:\n  ada: ${hashSync('right', 4)}\nhttp_server_config:\n  headers:\n    ` +
      `X-Frame-Options: deny\n`,
  );
  await serve(file, async ({ url }) => {
    const status = async (credentials?: string, path = '/secret'): Promise<number> => {
      const headers =
        credentials === undefined
          ? undefined
          : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
      const answer = await fetch(url + path, headers === undefined ? {} : { headers });
      assert.equal(answer.headers.get('x-frame-options'), 'deny');
      return answer.status;
    };
    assert.equal(await status(), 401);
    assert.equal(await status('ada:wrong'), 401);
    assert.equal(await status('eve:right'), 401);
    assert.equal(await status('constructor:right'), 401);
    assert.equal(await status(undefined, '/nothing-here'), 401);
    assert.equal(await status('ada:right'), 200);
    assert.equal(await status('ada:right'), 200, 'also from memory');
    writeFileSync(file, `basic_auth_users:\n  ada: ${hashSync('other', 4)}\n# changed\n`);
    const after = await fetch(`${url}/secret`, {
      headers: { authorization: `Basic ${Buffer.from('ada:right').toString('base64')}` },
    });
    assert.equal(after.status, 401, 'a changed password counts at once');
  });
});

test('TLS serves, asks for client certificates, and renews its own without a restart', async () => {
  makeCertificate(dir, 'one', 'first');
  makeCertificate(dir, 'two', 'second');
  const file = join(dir, 'tls.yml');
  const certFile = join(dir, 'served.crt');
  const keyFile = join(dir, 'served.key');
  const put = (name: string): void => {
    writeFileSync(certFile, readFileSync(join(dir, `${name}.crt`)));
    writeFileSync(keyFile, readFileSync(join(dir, `${name}.key`)));
  };
  put('one');
  writeFileSync(file, 'tls_server_config:\n  cert_file: served.crt\n  key_file: served.key\n');
  await serve(file, async (server) => {
    assert.match(server.url, /^https:/);
    assert.deepEqual(await ask(server), [200, 'first']);
    put('two');
    assert.deepEqual(await ask(server), [200, 'second']);
    writeFileSync(certFile, 'broken');
    assert.deepEqual(await ask(server), [200, 'second'], 'what is broken changes nothing');
    await assert.rejects(ask(server, { maxVersion: 'TLSv1.1' }));
  });
  put('one');
  writeFileSync(
    file,
    `tls_server_config:\n  cert_file: served.crt\n  key_file: served.key\n  ` +
      `client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ` +
      `${join(dir, 'two.crt')}\n`,
  );
  await serve(file, async (server) => {
    await assert.rejects(ask(server));
    const mine = {
      cert: readFileSync(join(dir, 'two.crt')),
      key: readFileSync(join(dir, 'two.key')),
    };
    assert.deepEqual(await ask(server, mine), [200, 'first']);
  });
});

test('a file that cannot be used is refused at start, with what is wrong', async () => {
  const cases: [string, RegExp][] = [
    [
      'basic_auth_users:\n  ada: plain\n',
      /basic_auth_users\.ada: the password must be a bcrypt hash/,
    ],
    [
      `basic_auth_users:\n  ada: "${hashSync('a', 4).replace('$04$', '$18$')}"\n`,
      /basic_auth_users\.ada: the hash has a cost of 18, which is more than 17/,
    ],
    ['basic_auth_user: {}\n', /basic_auth_user/],
    ['tls_server_config:\n  cert_file: none.crt\n  key_file: none.key\n', /none\.crt/],
    ['tls_server_config:\n  cert_file: one.crt\n', /both needed/],
    [':\n  - [', /not valid YAML/],
  ];
  for (const [text, message] of cases) {
    const file = join(dir, 'bad.yml');
    writeFileSync(file, text);
    await assert.rejects(
      loadWebConfig(file, silentLogger),
      (error) => error instanceof ConfigError && message.test(error.message),
      text,
    );
  }
  await assert.rejects(loadWebConfig(join(dir, 'absent.yml'), silentLogger), /cannot be read/);
});

test('a hundred wrong passwords hold up nobody who has none, or a right one that is known', async () => {
  const file = join(dir, 'busy.yml');
  writeFileSync(file, `basic_auth_users:\n  ada: ${hashSync('right', 10)}\n`);
  await serve(file, async ({ url }) => {
    const ask = async (password?: string): Promise<[status: number, tookMs: number]> => {
      const begunMs = performance.now();
      const authorization = `Basic ${Buffer.from(`ada:${password}`).toString('base64')}`;
      const headers = password === undefined ? {} : { authorization };
      const { status } = await fetch(`${url}/secret`, { headers: headers as HeadersInit });
      return [status, performance.now() - begunMs];
    };
    assert.equal((await ask('right'))[0], 200);
    const wrong = Array.from({ length: 100 }, (_, at) => ask(`wrong ${at}`));
    for (const [password, expected] of [
      [undefined, 401],
      ['right', 200],
    ] as const) {
      const [status, tookMs] = await ask(password);
      assert.equal(status, expected);
      // A hundred checks on the event loop take it for many seconds, on a loaded machine thirty.
      assert.ok(tookMs < 4_000, `${password}: ${Math.round(tookMs)} ms`);
    }
    const counts = new Map<number, number>();
    for (const [status] of await Promise.all(wrong))
      counts.set(status, (counts.get(status) ?? 0) + 1);
    assert.deepEqual(new Set(counts.keys()), new Set([401, 503]));
    assert.ok((counts.get(503) ?? 0) >= 60, 'more than a few are refused at once');
    assert.equal((await ask('right'))[0], 200, 'wrong ones push out no right one');
  });
});
