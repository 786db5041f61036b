/** `amperage generate cloudformation`: a template for a stack. */
import { Command } from 'commander';
import { renderCloudFormation } from '../../deploy/cloudformation/render.ts';
import { describeModel } from './model.ts';

/**
 * The longest template that is given in the call itself; one that is longer is written without
 * spaces.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
const INLINE_MAX_BYTES = 51_200;

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
      const rendered = renderCloudFormation(template);
      const readable = `${JSON.stringify(rendered, null, 2)}\n`;
      const text =
        Buffer.byteLength(readable) > INLINE_MAX_BYTES ? `${JSON.stringify(rendered)}\n` : readable;
      write(text);
      const length = Buffer.byteLength(text);
      if (length > INLINE_MAX_BYTES)
        process.stderr.write(
          `the template has ${length} bytes, and CloudFormation takes more than ` +
            `${INLINE_MAX_BYTES} from a bucket alone: deploy it with --s3-bucket BUCKET\n`,
        );
    });
}
