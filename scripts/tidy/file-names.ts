/**
 * Checks that files and folders of code are named in kebab-case for what they contain: no name is
 * empty of meaning (`utils`, `helpers`, `common`), and none repeats the name of its folder.
 */
import type { Finding, Tree } from './tree.ts';

const SAYS_NOTHING = /^(?:utils?|helpers?|common|misc|lib|shared|stuff)$/;

export function checkFileNames(tree: Tree): Finding[] {
  return tree.sources.flatMap(({ file }): Finding[] => {
    const parts = file.split('/');
    const stems = parts.map((part) => part.replace(/(?:\.[a-z]+)+$/, ''));
    const found = (what: string, remedy: string): Finding => ({ file, line: 1, what, remedy });
    const empty = stems.find((stem) => SAYS_NOTHING.test(stem));
    const odd = stems.find((stem) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(stem));
    const name = stems.at(-1) ?? '';
    const folder = stems.at(-2) ?? '';
    return [
      ...(empty === undefined
        ? []
        : [found(`"${empty}" says nothing of what is in it`, 'name it for what it does')]),
      ...(odd === undefined
        ? []
        : [found(`"${odd}" is not in kebab-case`, 'write small letters, digits and hyphens')]),
      ...(folder !== '' && name.startsWith(`${folder}-`)
        ? [
            found(
              `the name repeats its folder "${folder}"`,
              `call it ${name.slice(folder.length + 1)}`,
            ),
          ]
        : []),
    ];
  });
}
