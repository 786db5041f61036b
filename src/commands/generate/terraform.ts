/** `amperage generate terraform`: the same resources for Terraform. */
import { Command } from 'commander';
import { renderTerraform } from '../../deploy/terraform/render.ts';
import { describeModel } from './model.ts';
import { forceOption, type OutputFlags, outputOption, writeOutput } from './output.ts';

export function createTerraformCommand(write: (text: string) => void): Command {
  return new Command('terraform')
    .description('a configuration of Terraform, for the provider hashicorp/aws')
    .argument('<model>', 'the model of the deployment')
    .addOption(outputOption())
    .addOption(forceOption())
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate terraform deployment.yml --output deployment\n' +
        '  terraform -chdir=deployment init && terraform -chdir=deployment apply\n' +
        '  amperage generate terraform deployment.yml > main.tf\n',
    )
    .action(async (model: string, { output, ...flags }: Partial<OutputFlags>) => {
      const { template } = await describeModel(model);
      const text = renderTerraform(template);
      if (output === undefined) write(text);
      else await writeOutput(new Map([['main.tf', text]]), { output, ...flags }, write);
    });
}
