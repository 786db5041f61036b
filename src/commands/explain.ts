/** `amperage explain`: prints what docs/errors.md says about an error code, or lists the codes. */
import { Command } from 'commander';
import { FAMILIES } from '../kernel/error-codes/catalogue.ts';
import { ConfigError } from '../kernel/errors.ts';

export function createExplainCommand(
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Command {
  return new Command('explain')
    .description(
      'Tells what an error code means and what to do about it. Without a code it lists all.',
    )
    .argument('[code]', 'the word in brackets at the end of a message, for example CONFIG_VALUE')
    .addHelpText(
      'after',
      '\nExamples:\n  amperage explain QUEUE_LOCKED\n  amperage explain "[CONFIG_VALUE]"',
    )
    .action((given: string | undefined) => {
      if (given === undefined) {
        write(formatList());
        return;
      }
      const code = given.replace(/^\[|\]$/g, '').toUpperCase();
      const family = FAMILIES.find(({ codes }) => Object.hasOwn(codes, code));
      const entry = family?.codes[code];
      if (family === undefined || entry === undefined)
        throw new ConfigError(
          'FLAG_VALUE',
          `${JSON.stringify(given.slice(0, 100))} is no error code; ` +
            '"amperage explain" lists all of them',
        );
      write(`${code}: ${family.title.toLowerCase()}\n\n${entry.means}\n\n${entry.remedy}\n`);
    });
}

function formatList(): string {
  const sections = FAMILIES.map(
    ({ title, codes }) =>
      `${title}\n${Object.keys(codes)
        .map((code) => `  ${code}\n`)
        .join('')}`,
  );
  return sections.join('\n');
}
