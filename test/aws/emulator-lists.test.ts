/** The emulator's S3 lists, and which ECS things end or are tagged, by the official SDK. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTagsForResourceCommand,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  type ListObjectsV2CommandInput,
  ListObjectsV2Command,
  paginateListBuckets,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
let s3: S3Client;
let ecs: ECSClient;
before(async () => {
  aws = await startEmulatedAws();
  const { url: endpoint, credentials } = aws;
  const settings = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  s3 = new S3Client({ ...settings, forcePathStyle: true });
  ecs = new ECSClient(settings);
});
after(async () => {
  s3.destroy();
  ecs.destroy();
  await aws.close();
});

async function fill(Bucket: string, keys: readonly string[]): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
}

/** Keys and common prefixes of all list pages, and how many list pages there were. */
async function list(input: ListObjectsV2CommandInput): Promise<{ names: string[]; pages: number }> {
  const names: string[] = [];
  let pages = 0;
  for await (const page of paginateListObjectsV2({ client: s3 }, input)) {
    pages += 1;
    const own = [
      ...(page.Contents ?? []).map(({ Key }) => Key ?? ''),
      ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''),
    ];
    assert.equal(page.KeyCount, own.length);
    names.push(...own.sort());
  }
  return { names, pages };
}

test('S3 lists objects by prefix, delimiter, start and pages', async () => {
  const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'b/d/4', 'c', 'd/5', 'ä', '\u{10000}', '\ufffd'];
  await fill('lists', keys);
  const Bucket = 'lists';
  const sorted = ['a', 'b/1', 'b/2', 'b/c/3', 'b/d/4', 'c', 'd/5', 'ä', '\ufffd', '\u{10000}'];
  const page = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(
    page.Contents!.map(({ Key }) => Key),
    sorted,
  );
  const { Contents, IsTruncated, MaxKeys, Name, Prefix } = page;
  assert.deepEqual([IsTruncated, MaxKeys, Name, Prefix], [false, 1_000, 'lists', '']);
  const [first] = Contents!;
  assert.deepEqual([first!.Size, first!.StorageClass, first!.Owner], [1, 'STANDARD', undefined]);
  assert.equal(first!.ETag, '"0cc175b9c0f1b6a831c399e269772661"');
  assert.ok(Math.abs(first!.LastModified!.getTime() - Date.now()) < 60_000);
  const top = ['a', 'b/', 'c', 'd/', 'ä', '\ufffd', '\u{10000}'];
  for (const MaxKeys of [1, 2, 3, 1_000]) {
    const all = await list({ Bucket, MaxKeys });
    assert.deepEqual([...all.names].sort(), [...sorted].sort(), `${MaxKeys}`);
    assert.equal(all.pages, Math.ceil(sorted.length / MaxKeys));
    const rolled = await list({ Bucket, MaxKeys, Delimiter: '/' });
    assert.deepEqual([...rolled.names].sort(), [...top].sort(), `${MaxKeys}`);
    assert.equal(rolled.pages, Math.ceil(top.length / MaxKeys));
  }
  const names = async (more: Partial<ListObjectsV2CommandInput>): Promise<string[]> =>
    (await list({ Bucket, ...more })).names;
  assert.deepEqual(await names({ Prefix: 'b/' }), ['b/1', 'b/2', 'b/c/3', 'b/d/4']);
  assert.deepEqual(await names({ Prefix: 'b/', Delimiter: '/' }), ['b/1', 'b/2', 'b/c/', 'b/d/']);
  assert.deepEqual(await names({ Prefix: 'b/', StartAfter: 'b/2' }), ['b/c/3', 'b/d/4']);
  assert.deepEqual(await names({ Prefix: 'b', Delimiter: '/', StartAfter: 'b/1' }), ['b/']);
  assert.deepEqual(await names({ Prefix: 'nothing' }), []);
  const none = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
  assert.deepEqual([none.KeyCount, none.IsTruncated], [0, false]);
  const owned = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1, FetchOwner: true }));
  assert.equal(owned.Contents![0]!.Owner!.ID!.length, 64);
  assert.equal(
    (await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5_000 }))).MaxKeys,
    1_000,
  );
});

test('S3 writes keys of any characters, percent-encoded where asked for', async () => {
  const keys = ["a b+c&d<e>'(f)*!", 'x\u0001y', 'dir/é'];
  await fill('characters', keys);
  const plain = await s3.send(new ListObjectsV2Command({ Bucket: 'characters' }));
  assert.deepEqual(plain.Contents!.map(({ Key = '' }) => Key).toSorted(), [...keys].toSorted());
  const encoded = await s3.send(
    new ListObjectsV2Command({ Bucket: 'characters', EncodingType: 'url', Prefix: 'a b' }),
  );
  assert.equal(encoded.EncodingType, 'url');
  assert.equal(encoded.Contents![0]!.Key, 'a%20b%2Bc%26d%3Ce%3E%27%28f%29%2A%21');
  assert.equal(encoded.Prefix, 'a%20b');
});

test('S3 says what is wrong with a request for a list', async () => {
  const ask = (more: object) => s3.send(new ListObjectsV2Command({ Bucket: 'lists', ...more }));
  await assert.rejects(ask({ Bucket: 'no-such-bucket' }), { name: 'NoSuchBucket' });
  await assert.rejects(ask({ ContinuationToken: 'bad' }), { name: 'InvalidArgument' });
  await assert.rejects(ask({ MaxKeys: -1 }), { name: 'InvalidArgument' });
  await assert.rejects(ask({ EncodingType: 'base64' }), { name: 'InvalidArgument' });
});

test('S3 lists buckets by prefix and pages, and deletes those that are empty', async () => {
  for (const name of ['pages-1', 'pages-2', 'pages-3', 'other-1'])
    await s3.send(new CreateBucketCommand({ Bucket: name }));
  const all = await s3.send(new ListBucketsCommand({}));
  assert.ok(all.Buckets!.some(({ Name }) => Name === 'other-1'));
  assert.ok(all.Buckets!.every(({ CreationDate }) => CreationDate instanceof Date));
  const found: (string | undefined)[][] = [];
  const input = { MaxBuckets: 2, Prefix: 'pages-' };
  for await (const { Buckets } of paginateListBuckets({ client: s3 }, input))
    found.push(Buckets!.map(({ Name }) => Name));
  assert.deepEqual(found, [['pages-1', 'pages-2'], ['pages-3']]);
  const elsewhere = await s3.send(new ListBucketsCommand({ BucketRegion: 'eu-west-1' }));
  assert.deepEqual(elsewhere.Buckets ?? [], []);
  await s3.send(new PutObjectCommand({ Bucket: 'pages-1', Key: 'k', Body: 'b' }));
  const remove = () => s3.send(new DeleteBucketCommand({ Bucket: 'pages-1' }));
  await assert.rejects(remove(), { name: 'BucketNotEmpty' });
  await s3.send(new DeleteObjectCommand({ Bucket: 'pages-1', Key: 'k' }));
  await remove();
  await assert.rejects(s3.send(new HeadBucketCommand({ Bucket: 'pages-1' })), { name: 'NotFound' });
});

test('S3 keeps metadata, checks what it gets, and deletes one version', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'kept' }));
  const place = { Bucket: 'kept', Key: 'k' };
  const Metadata = { owner: 'me' };
  await s3.send(new PutObjectCommand({ ...place, Body: '1', Metadata, ContentType: 'text/yaml' }));
  const second = await s3.send(new PutObjectCommand({ ...place, Body: '2' }));
  const bad = new PutObjectCommand({ ...place, Body: '3', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' });
  await assert.rejects(s3.send(bad), { name: 'BadDigest' });
  await s3.send(new DeleteObjectCommand({ ...place, VersionId: second.VersionId }));
  const got = await s3.send(new GetObjectCommand(place));
  assert.equal(await got.Body!.transformToString(), '1');
  assert.deepEqual([got.Metadata, got.ContentType], [Metadata, 'text/yaml']);
  const before = new GetObjectCommand({ ...place, IfUnmodifiedSince: new Date(0) });
  await assert.rejects(s3.send(before), { name: 'PreconditionFailed' });
});

test('ECS: a deregistered definition is still described, and starts no tasks', async () => {
  const cluster = 'ending';
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  const containerDefinitions = [{ name: 'app', image: 'app', memory: 128 }];
  const register = (cpu: string) =>
    ecs.send(new RegisterTaskDefinitionCommand({ family: 'ending', containerDefinitions, cpu }));
  await register('256');
  await register('512');
  const launchType = 'FARGATE' as const;
  const service = { cluster, serviceName: 's', taskDefinition: 'ending:2', launchType };
  await ecs.send(new CreateServiceCommand({ ...service, desiredCount: 1 }));
  const deregister = (taskDefinition: string) =>
    ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
  await assert.rejects(deregister('ending'), { name: 'ClientException' });
  await assert.rejects(deregister('ending:7'), { name: 'ClientException' });
  const { taskDefinition: ended } = await deregister('ending:2');
  assert.equal(ended!.status, 'INACTIVE');
  assert.ok(ended!.deregisteredAt instanceof Date);
  await deregister('ending:2');
  const describe = async (taskDefinition: string) =>
    (await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }))).taskDefinition!;
  const newest = await describe('ending');
  assert.deepEqual([newest.revision, newest.cpu, newest.status], [1, '256', 'ACTIVE']);
  assert.equal((await describe('ending:2')).status, 'INACTIVE');
  const listed = async (status?: 'ACTIVE' | 'INACTIVE'): Promise<string[]> => {
    const input = { familyPrefix: 'ending', ...(status === undefined ? {} : { status }) };
    const { taskDefinitionArns } = await ecs.send(new ListTaskDefinitionsCommand(input));
    return taskDefinitionArns!.map((arn) => arn.split('/')[1] ?? '');
  };
  assert.deepEqual(await listed(), ['ending:1']);
  assert.deepEqual(await listed('INACTIVE'), ['ending:2']);
  const run = new RunTaskCommand({ cluster, taskDefinition: 'ending:2', launchType });
  await assert.rejects(ecs.send(run), { name: 'InvalidParameterException' });
  const another = new CreateServiceCommand({ ...service, serviceName: 't' });
  await assert.rejects(ecs.send(another), { name: 'ClientException', message: /inactive/ });
  const back = { cluster, service: 's', taskDefinition: 'ending:2' };
  await assert.rejects(ecs.send(new UpdateServiceCommand(back)), /inactive/);
  await ecs.send(new UpdateServiceCommand({ cluster, service: 's', desiredCount: 3 }));
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: ['s'] }));
  assert.equal(services![0]!.runningCount, 3, 'what runs with it goes on');
  await deregister('ending:1');
  await assert.rejects(describe('ending'), { name: 'ClientException' });
});

test('ECS: every kind of resource can be tagged and untagged', async () => {
  const cluster = 'tagged';
  const created = await ecs.send(
    new CreateClusterCommand({ clusterName: cluster, tags: [{ key: 'a', value: '1' }] }),
  );
  aws.account.addInstance(aws.account.ecs.cluster(cluster), 'i-000000aa', '10.7.0.1');
  const containerDefinitions = [{ name: 'app', image: 'app', memory: 128 }];
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({ family: 'tagged', containerDefinitions }),
  );
  const launchType = 'FARGATE' as const;
  const started = await ecs.send(
    new RunTaskCommand({ cluster, taskDefinition: 'tagged', launchType }),
  );
  const { service } = await ecs.send(
    new CreateServiceCommand({ cluster, serviceName: 's', taskDefinition: 'tagged', launchType }),
  );
  const [task] = started.tasks!;
  const [instance] = aws.account.ecs.cluster(cluster).instances.keys();
  const arns = [
    created.cluster!.clusterArn,
    taskDefinition!.taskDefinitionArn,
    task!.taskArn,
    service!.serviceArn,
    instance,
  ].map((arn) => arn ?? '');
  const listTags = async (resourceArn: string) =>
    (await ecs.send(new ListTagsForResourceCommand({ resourceArn }))).tags;
  const b = { key: 'b', value: '2' };
  for (const resourceArn of arns) {
    await ecs.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'a', value: '9' }, b] }));
    assert.deepEqual(await listTags(resourceArn), [{ key: 'a', value: '9' }, b], resourceArn);
    await ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a', 'none'] }));
    assert.deepEqual(await listTags(resourceArn), [b], resourceArn);
  }
  const tasks = [task!.taskArn!];
  const told = await ecs.send(new DescribeTasksCommand({ cluster, tasks, include: ['TAGS'] }));
  assert.deepEqual(told.tasks![0]!.tags, [b]);
  const resourceArn = arns[0] ?? '';
  const tag = (...tags: { key: string; value: string }[]) =>
    ecs.send(new TagResourceCommand({ resourceArn, tags }));
  const many = Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: '' }));
  await assert.rejects(tag(...many), /maximum number of tags is 50/);
  await assert.rejects(tag({ key: 'aws:x', value: '' }), /can not start with "aws:"/);
  await assert.rejects(tag({ key: 'k'.repeat(129), value: '' }), {
    name: 'InvalidParameterException',
  });
  assert.deepEqual(await listTags(resourceArn), [b], 'a refused call changes nothing');
  const gone = `${resourceArn}-gone`;
  await assert.rejects(listTags(gone), { name: 'ResourceNotFoundException' });
  await assert.rejects(listTags('no-arn'), { name: 'InvalidParameterException' });
});
