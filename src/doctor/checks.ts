/** The table of checks, in the order in which faults cause others. */
import type { DoctorCheck } from './check.ts';
import { clockCheck } from './clock.ts';
import { collectorCheck } from './collector.ts';
import { configurationCheck } from './configuration.ts';
import { credentialsCheck } from './credentials.ts';
import { endpointsCheck } from './endpoints.ts';
import { namesCheck } from './names.ts';
import { permissionsCheck } from './permissions.ts';
import { queuesCheck } from './queues.ts';
import { regionCheck } from './region.ts';
import { samplesCheck } from './samples.ts';
import { signatureCheck } from './signatures.ts';
import { targetsCheck } from './targets.ts';
import { taskCheck } from './task.ts';
import { tracingCheck } from './tracing.ts';
import { workspacesCheck } from './workspaces.ts';

export const doctorChecks = [
  configurationCheck,
  samplesCheck,
  regionCheck,
  namesCheck,
  endpointsCheck,
  credentialsCheck,
  clockCheck,
  signatureCheck,
  permissionsCheck,
  workspacesCheck,
  queuesCheck,
  targetsCheck,
  collectorCheck,
  taskCheck,
  tracingCheck,
] as const satisfies readonly DoctorCheck[];
