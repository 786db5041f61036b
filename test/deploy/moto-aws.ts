/**
 * An `aws` that stands on moto, which keeps what calls make as AWS would: the real AWS CLI in one
 * process of Python, for its start takes a second. It answers by itself what moto has not.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SERVER = String.raw`
import functools, json, os, socket, sys
from botocore.loaders import JSONFileLoader
load = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
JSONFileLoader.load_file = lambda self, file: load(file)
import awscli.clidriver
from moto import mock_aws
mock_aws().start()
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(8)
own = os.dup(1), os.dup(2)
os.write(own[0], b'ready')
while True:
    client, _ = listener.accept()
    data, (out, err), _, _ = socket.recv_fds(client, 1 << 20, 2)
    sys.argv = ['aws', *json.loads(data)]
    os.dup2(out, 1); os.dup2(err, 2)
    try: code = awscli.clidriver.create_clidriver().main(sys.argv[1:])
    except SystemExit as e: code = e.code or 0
    sys.stdout.flush(); sys.stderr.flush()
    os.dup2(own[0], 1); os.dup2(own[1], 2)
    os.close(out); os.close(err)
    client.send(str(code).encode())
    client.close()
`;

/** Settings of a workspace have no call in moto, and its services start no task. */
const CLIENT = String.raw`
import json, socket, sys
here = __file__.rsplit('/', 1)[0]
words = sys.argv[1:]
with open(here + '/calls', 'a') as calls: calls.write(' '.join(words) + '\n')
if words[0] == 'amp' and ('configuration' in words[1] or 'alert-manager' in words[1]): sys.exit(0)
if 'services-stable' in words: sys.exit(0)
client = socket.socket(socket.AF_UNIX)
client.connect(here + '/socket')
socket.send_fds(client, [json.dumps(words).encode()], [1, 2])
sys.exit(int(client.recv(16) or 1))
`;

/** The Python that has both, where there is one. */
export function findPython(): string | undefined {
  const { stdout, status } = spawnSync(
    'python3',
    ['-c', 'import sys, moto, awscli; print(sys.executable)'],
    { encoding: 'utf8' },
  );
  return status === 0 ? stdout.trim() : undefined;
}

/** @returns how to end it */
export async function startMotoAws(folder: string, python: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const aws = path.join(folder, 'aws');
  writeFileSync(aws, `#!${python} -IS${CLIENT}`);
  chmodSync(aws, 0o755);
  const child = spawn(python, ['-c', SERVER, path.join(folder, 'socket')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: 'moto',
      AWS_SECRET_ACCESS_KEY: 'moto',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  });
  await once(child.stdout, 'data');
  return () => void child.kill('SIGKILL');
}
