/**
 * Writes CloudWatch log groups into a segment that names none, as `aws.cloudwatch_logs`; the bytes
 * around it pass unchanged. Subsegments and documents of OTLP are left alone. Pure.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
import { listMembers, readTextMember } from './members.ts';

/** The segment with the log groups; the document itself where it needs or takes none. */
export function addLogGroups(document: Buffer, groups: readonly string[]): Buffer {
  const members = listMembers(document);
  if (members === undefined || members.length === 0) return document;
  const type = members.find(({ key }) => key === 'type');
  if (type !== undefined && readTextMember(document, type) === 'subsegment') return document;
  const logs = `"cloudwatch_logs":${JSON.stringify(groups.map((log_group) => ({ log_group })))}`;
  const aws = members.findLast(({ key }) => key === 'aws');
  if (aws === undefined) return insert(document, document.indexOf('{') + 1, `"aws":{${logs}},`);
  const inner = listMembers(document.subarray(aws.start, aws.end));
  if (inner === undefined || inner.some(({ key }) => key === 'cloudwatch_logs')) return document;
  return insert(document, aws.start + 1, inner.length === 0 ? logs : `${logs},`);
}

function insert(document: Buffer, at: number, text: string): Buffer {
  return Buffer.concat([document.subarray(0, at), Buffer.from(text), document.subarray(at)]);
}
