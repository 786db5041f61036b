/** Reads the model of a deployment, with all faults at their line. */
import { readFile } from 'node:fs/promises';
import { type Deployment, deploymentSchema } from '../deploy/schema.ts';
import { ConfigError, describeError } from '../kernel/errors.ts';
import type { Finding } from '../settings/finding.ts';
import { type DocumentReading, openDocument, parseValue } from './reading.ts';

export interface ReadDeployment {
  /** Undefined where a finding is an error. */
  readonly deployment: Deployment | undefined;
  readonly findings: readonly Finding[];
}

/** @throws ConfigError for a file that can't be read */
export async function readDeployment(file: string): Promise<ReadDeployment> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError('CONFIG_FILE', `${file} can't be read: ${describeError(error)}`, {
      cause: error,
    });
  }
  const findings: Finding[] = [];
  const reading: DocumentReading = { findings, texts: [text], env: {}, allowsPartial: false };
  const opened = await openDocument(text, file, reading);
  if (opened === undefined) return { deployment: undefined, findings };
  const { document, report } = opened;
  const parsed = parseValue(deploymentSchema, document.value ?? {}, {
    allowsPartial: false,
    report,
  });
  const isGood = !findings.some(({ severity }) => severity === 'error');
  return { deployment: isGood ? parsed?.data : undefined, findings };
}
