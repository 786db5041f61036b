/**
 * The table of extensions that are built in; all other code derives from it which there are.
 */
import { agentHealthKind } from './agenthealth.ts';
import { awsProxyKind } from './awsproxy.ts';
import { basicAuthKind } from './basicauth.ts';
import { bearerTokenKind } from './bearertokenauth.ts';
import { ecsObserverKind } from './ecs-observer.ts';
import type { ExtensionKind } from './extension.ts';
import { fileStorageKind } from './file-storage.ts';
import { headersSetterKind } from './headers-setter.ts';
import { healthCheckKind } from './health-check.ts';
import { memoryBallastKind } from './memory-ballast.ts';
import { oauth2ClientKind } from './oauth2client.ts';
import { pprofKind } from './pprof.ts';
import { sigv4Kind } from './sigv4auth.ts';
import { zpagesKind } from './zpages.ts';

export const extensionKinds = [
  sigv4Kind,
  basicAuthKind,
  bearerTokenKind,
  oauth2ClientKind,
  headersSetterKind,
  healthCheckKind,
  zpagesKind,
  pprofKind,
  ecsObserverKind,
  fileStorageKind,
  memoryBallastKind,
  awsProxyKind,
  agentHealthKind,
] as const; // prettier-ignore

/** The kind of a component by its type, under any of its names. */
export function findExtension(type: string): ExtensionKind | undefined {
  return (extensionKinds as readonly ExtensionKind[]).find(({ names }) => names.includes(type));
}
