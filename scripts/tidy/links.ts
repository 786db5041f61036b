/**
 * Checks that a page's links to files and headings lead to something that exists, and that every
 * page under docs/ can be reached from README.md.
 */
import path from 'node:path';
import type { Finding, Page, Tree } from './tree.ts';

const LINK = /\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)/g;

interface Link {
  readonly file: string;
  readonly line: number;
  /** Path from the root of the tree. */
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
          what: `links to ${target}, which does not exist`,
          remedy: 'link to what exists now',
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
      // A link to a folder shows the folder's README.
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

/** The anchors that forges make of headings: lower case, no punctuation, hyphens for blanks. */
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
