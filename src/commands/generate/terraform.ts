/** `amperage generate terraform`: the same resources for Terraform. */
import { Command } from 'commander';
import { renderTerraform } from '../../deploy/terraform/render.ts';
import { describeModel } from './model.ts';

export function createTerraformCommand(write: (text: string) => void): Command {
  return new Command('terraform')
    .description('a configuration of Terraform, for the provider hashicorp/aws')
    .argument('<model>', 'the model of the deployment')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate terraform deployment.yml > main.tf\n' +
        '  terraform init && terraform apply\n',
    )
    .action(async (model: string) => {
      const { template } = await describeModel(model);
      write(renderTerraform(template));
    });
}
