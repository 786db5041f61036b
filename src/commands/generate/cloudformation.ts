/** `amperage generate cloudformation`: a template for a stack. */
import { Command } from 'commander';
import { INLINE_MAX_BYTES, renderTemplateText } from '../../deploy/cloudformation/render.ts';
import { describeModel } from './model.ts';

export function createCloudFormationCommand(write: (text: string) => void): Command {
  return new Command('cloudformation')
    .description('a template of CloudFormation, as JSON')
    .argument('<model>', 'the model of the deployment')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage generate cloudformation deployment.yml > template.json\n' +
        '  aws cloudformation deploy --stack-name metrics --template-file template.json ' +
        '--capabilities CAPABILITY_IAM\n',
    )
    .action(async (model: string) => {
      const { template } = await describeModel(model);
      const { text, bytes, isInline } = renderTemplateText(template);
      write(text);
      if (!isInline)
        process.stderr.write(
          `the template has ${bytes} bytes, and CloudFormation takes more than ` +
            `${INLINE_MAX_BYTES} from a bucket alone: deploy it with --s3-bucket BUCKET\n`,
        );
    });
}
