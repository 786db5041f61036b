/**
 * Names of log groups and streams with placeholders filled in. A placeholder is looked for in the
 * attributes of the resource, under its own name and then under the attribute that it means, then
 * in the labels of the metric in the same way. Where it is nowhere, its name without braces stands
 * there. Pure.
 * Source: contrib's exporter/awsemfexporter/util.go (replacePatterns, getLogInfo)
 */
import { cleanLogName, type LogName, splitTemplate } from './log-names.ts';

/** The attributes that placeholders mean, besides labels of their own name. */
const ATTRIBUTES: ReadonlyMap<string, readonly string[]> = new Map([
  ['ClusterName', ['aws.ecs.cluster.name']],
  ['TaskId', ['aws.ecs.task.id']],
  ['TaskDefinitionFamily', ['aws.ecs.task.family']],
  ['ContainerInstanceId', ['aws.ecs.container.instance.id']],
  ['ServiceName', ['service.name']],
  ['NodeName', ['k8s.node.name']],
  ['PodName', ['pod']],
  // CloudWatch's agent has this one: what Prometheus calls a job is the service of a resource.
  ['JobName', ['job', 'service.name']],
]);

export interface LabelSource {
  get(name: string): string | undefined;
}

export interface FilledName {
  readonly name: string;
  /** Placeholders for which nothing was found. */
  readonly missing: readonly string[];
}

export type FillName = (resource: LabelSource, labels: LabelSource) => FilledName;

/** @param template  as it is configured, its literal characters checked */
export function compileName(template: string, kind: LogName): FillName {
  const pieces = splitTemplate(template);
  if (pieces.length === 1) return fixedName(template, kind);
  return (resource, labels) => {
    const missing: string[] = [];
    let name = '';
    for (const [index, piece] of pieces.entries()) {
      if (index % 2 === 0) {
        name += piece;
        continue;
      }
      const found = findValue(piece, resource) ?? findValue(piece, labels);
      if (found === undefined) missing.push(piece);
      name += found ?? piece;
    }
    return { name: cleanLogName(name, kind), missing };
  };
}

/** A name without placeholders. */
export function fixedName(name: string, kind: LogName): FillName {
  const filled = { name: cleanLogName(name, kind), missing: [] };
  return () => filled;
}

function findValue(placeholder: string, source: LabelSource): string | undefined {
  for (const name of [placeholder, ...(ATTRIBUTES.get(placeholder) ?? [])]) {
    const value = source.get(name);
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}
