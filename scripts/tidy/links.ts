/**
 * A link of a page to a file or to a heading leads there, and from README.md every page under docs/
 * is reached.
 */
import path from 'node:path';
import type { Finding, Page, Tree } from './tree.ts';

const LINK = /\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g;

interface Link {
  readonly file: string;
  readonly line: number;
  /** From the root. */
  readonly target: string;
  readonly heading: string | undefined;
}

export function checkLinks(tree: Tree): Finding[] {
  const links = tree.pages.flatMap(findLinks);
  const pages = new Map(tree.pages.map((page) => [page.file, page]));
  const broken = links.flatMap(({ file, line, target, heading }): Finding[] => {
    const at = { file, line };
    if (target !== '' && !tree.names.has(target) && target !== '.')
      return [
        {
          ...at,
          what: `links to ${target}, which is not there`,
          remedy: 'link to what is there now',
        },
      ];
    const page = pages.get(target);
    if (heading === undefined || page === undefined || listAnchors(page).has(heading)) return [];
    return [
      {
        ...at,
        what: `links to #${heading}, which ${target} lacks`,
        remedy: 'link to a heading of it',
      },
    ];
  });
  return [...broken, ...findUnreached(tree, links)];
}

function findUnreached(tree: Tree, links: readonly Link[]): Finding[] {
  const reached = new Set<string>();
  const queue = ['README.md'];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const { file: from, target } of links) {
      if (from !== file) continue;
      // A folder is shown with its README.
      queue.push(target, path.posix.join(target, 'README.md'));
    }
  }
  return tree.pages
    .filter(({ file }) => file.startsWith('docs/') && !reached.has(file))
    .map(({ file }) => ({
      file,
      line: 1,
      what: 'no link leads here from README.md',
      remedy: 'link to it from README.md or from a page that README.md links to',
    }));
}

function findLinks({ file, lines }: Page): Link[] {
  return lines.flatMap((text, index) =>
    [...text.matchAll(LINK)].map(([, to = '', heading]) => ({
      file,
      line: index + 1,
      target: to === '' ? file : path.posix.join(path.posix.dirname(file), to).replace(/\/$/, ''),
      heading,
    })),
  );
}

/** The anchors that forges make of headings: small letters, no punctuation, hyphens for blanks. */
function listAnchors({ lines }: Page): ReadonlySet<string> {
  return new Set(
    lines
      .filter((line) => /^#+ /.test(line))
      .map((line) =>
        line
          .replace(/^#+ /, '')
          .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
          .trim()
          .replaceAll(' ', '-'),
      ),
  );
}
