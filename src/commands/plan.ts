/** `amperage plan`: what a deployment would change, by a change set that is taken away again. */
import { Command } from 'commander';
import { renderProposal, withProposal } from './deployment/proposal.ts';
import {
  addTargetFlags,
  openRunEdges,
  readModel,
  type RunEdges,
  runOnStack,
  type TargetFlags,
} from './deployment/target.ts';

interface PlanFlags extends TargetFlags {
  readonly detailedExitcode?: true;
  readonly bucket?: string;
}

/** As terraform has it. */
const CHANGES_STATUS = 2;

export function createPlanCommand(openEdges: () => RunEdges = openRunEdges): Command {
  return addTargetFlags(new Command('plan'))
    .description(
      'Tells what deploy would change on AWS, and what that interrupts. Changes nothing.',
    )
    .argument('<model>', 'the model of the deployment')
    .option('--bucket <name>', 'bucket of the region, for a template above 51,200 bytes')
    .option('--detailed-exitcode', 'ends with status 2 where something would change')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage plan deployment.yml\n' +
        '  amperage plan deployment.yml --detailed-exitcode --json\n',
    )
    .action(async (file: string, flags: PlanFlags) => {
      const model = await readModel(file);
      await runOnStack(model, flags, openEdges(), async (run) =>
        withProposal(run, model, { bucket: flags.bucket }, async ({ type, rows, effects }) => {
          if (flags.json === true) {
            const { name, session } = run.api;
            const result = { stack: name, region: session.region, type, changes: rows, effects };
            run.terminal.write(`${JSON.stringify(result, null, 2)}\n`);
          } else run.terminal.write(renderProposal({ rows, effects }));
          if (rows.length > 0 && flags.detailedExitcode === true) process.exitCode = CHANGES_STATUS;
        }),
      );
    });
}
