/**
 * Namespaces of metrics: found in the resource, and made one that CloudWatch takes. Pure.
 * Source: contrib's exporter/awsemfexporter/util.go (getNamespace);
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
 */
import { EMF_NAME_LENGTH_MAX } from '../../wire/emf/limits.ts';

const DEFAULT = 'default';

/** @param attributes  of the resource */
export function findNamespace(attributes: ReadonlyMap<string, string>): string {
  const parts = ['service.namespace', 'service.name'].map((name) => attributes.get(name) ?? '');
  return parts.filter((part) => part !== '').join('/') || DEFAULT;
}

/** A colon may not stand first; names that begin with AWS/ are of AWS. */
export function cleanNamespace(namespace: string): string {
  const clean = namespace.replace(/^:/, '_').replace(/^AWS\//, 'AWS_');
  return clean.slice(0, EMF_NAME_LENGTH_MAX);
}
