/** Names of sinks that have none, and of the folders of their queues. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigText } from './load.ts';
import { readFolderName } from './sinks.ts';

const AMP = 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write';

async function sinksOf(text: string): Promise<readonly (readonly [string, string | undefined])[]> {
  const { plan } = await loadConfigText(text, '/etc/c.yml', { env: {} });
  return plan.sinks.map(({ id, folder }) => [id, folder] as const);
}

test('an entry without a name is called by its host or file, and a digest', async () => {
  const found = await sinksOf(`
remote_write:
  - url: ${AMP}
    sigv4: { region: us-east-1 }
  - url: http://user:secret@127.0.0.1:9009/api/v1/write
  - url: http://[::1]:9009/api/v1/write
  - name: mine
    url: ${AMP.replace('ws-1', 'ws-2')}
file_write:
  - path: /var/lib/samples of today.json
`);
  assert.deepEqual(
    found.map(([id]) => id.replace(/-[0-9a-f]{6}$/, '-DIGEST')),
    [
      'remote_write/aps-workspaces.us-east-1.amazonaws.com-DIGEST',
      'remote_write/127.0.0.1-DIGEST',
      'remote_write/1-DIGEST',
      'remote_write/mine',
      'file/samples-of-today.json-DIGEST',
    ],
  );
  for (const [id, folder = ''] of found) {
    assert.ok(!id.includes('secret'));
    const { kind, name } = readFolderName(folder)!;
    assert.equal(`${kind}/${name}`, id);
  }
});

test('of a long host the beginning is in the name, so that it fits into the name of a folder', async () => {
  const host = `${'a'.repeat(59)}.${'b'.repeat(63)}.${'c'.repeat(63)}.example`;
  const [[id] = ['']] = await sinksOf(`remote_write: [{ url: http://${host}/w }]`);
  assert.match(id, /^remote_write\/a{59}-[0-9a-f]{6}$/);
});

test('workspaces behind one host are told apart by the digest, in every run alike', async () => {
  const text = `
remote_write:
  - { url: ${AMP}, sigv4: { region: us-east-1 } }
  - { url: ${AMP.replace('ws-1', 'ws-2')}, sigv4: { region: us-east-1 } }
  - { url: ${AMP}, sigv4: { region: us-east-1 } }
`;
  const [one, two, again] = (await sinksOf(text)).map(([id]) => id);
  assert.notEqual(one, two);
  assert.equal(again, `${one}-2`);
  assert.deepEqual(
    (await sinksOf(text)).map(([id]) => id),
    [one, two, again],
  );
});

test('a folder that no sink has made has no name of one', () => {
  for (const folder of ['a b', '%', 'remote_write@x', 'a@b@c', 'configuration'])
    assert.equal(readFolderName(folder), undefined, folder);
  assert.deepEqual(readFolderName('a3a4ec'), { kind: 'remote_write', name: 'a3a4ec' });
  assert.deepEqual(readFolderName('remote_write@configuration')?.name, 'configuration');
});
