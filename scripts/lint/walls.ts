/**
 * Turns the tables of layers and rooms of oxlint.config.ts into rules of oxlint. Not here: what the
 * tables say.
 *
 * The rule of oxlint sees the text of an import and resolves nothing. So every folder of src gets
 * restrictions written as its own files would write the path, and a path that leaves a folder and
 * comes back to it is refused: there is one way to write each import.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import type { OxlintOverride } from 'oxlint';
import { buildPureRules, isPureFile, type Wall } from './purity.ts';

/** Folder of src → the folders that it may import, besides itself. `main` is main.ts. */
export type Layers = Readonly<Record<string, readonly string[]>>;

/** The rooms of a folder: a room is the file of that name, and all in the folder of that name. */
export interface Rooms {
  /** Room → the rooms beside it that it may import. Files that are no room may import none. */
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  /** Files, without extension, that join the rooms: they may import all, no room imports them. */
  readonly joints?: readonly string[];
}

export interface WallTables {
  readonly layers: Layers;
  /** Folder, from src → its rooms. */
  readonly rooms: Readonly<Record<string, Rooms>>;
  /** Folders of src that are pure, files in their rooms among them. */
  readonly pure: readonly string[];
}

/** What stands in front of the extension in a name of a source file. */
const stem = (file: string): string => path.posix.basename(file).replace(/\.tsx?$/, '');
const escape = (text: string): string => text.replaceAll('.', '\\.');

/** The overrides for the tree at `root`. Later ones replace earlier ones, so each is complete. */
export function buildWalls(tables: WallTables, root: string): OxlintOverride[] {
  const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).map(toPosix).sort();
  const folders = [...new Set(files.map((file) => path.posix.dirname(file)))];
  checkRows(tables, files);
  return folders.flatMap((folder) => {
    const own = files.filter((file) => path.posix.dirname(file) === folder);
    return [
      override(`${folder}/*.{ts,tsx}`, wallsAt(tables, folder)),
      ...own
        .filter((file) => !file.includes('.test.'))
        .flatMap((file): OxlintOverride[] => {
          const isPure = isInPure(tables, file) || isPureFile(path.join(root, file));
          const isNamed = stem(file) in (tables.rooms[folder.slice('src/'.length)]?.rooms ?? {});
          const isJoint = tables.rooms[folder.slice('src/'.length)]?.joints?.includes(stem(file));
          if (!isPure && !isNamed && isJoint !== true) return [];
          const walls = wallsAt(tables, folder, stem(file));
          if (!isPure) return [override(file, walls)];
          return [{ files: [file], rules: buildPureRules(countFolders(folder), walls) }];
        }),
      override(`${folder}/*.test.{ts,tsx}`, wallsAt(tables, folder, undefined, true)),
    ];
  });
}

/** @throws Error for a row without its folder or file, and for a folder without its row */
function checkRows(tables: WallTables, files: readonly string[]): void {
  const exists = (name: string): boolean =>
    files.some(
      (file) =>
        file.startsWith(`src/${name}/`) ||
        (/^\.tsx?$/.test(file.slice(name.length + 4)) && file.startsWith(`src/${name}.`)),
    );
  const named = [
    ...Object.keys(tables.layers),
    ...tables.pure,
    ...Object.entries(tables.rooms).flatMap(([place, { rooms, joints = [] }]) =>
      [...Object.keys(rooms), ...Object.values(rooms).flat(), ...joints].map(
        (one) => `${place}/${one}`,
      ),
    ),
  ];
  for (const name of named) {
    if (!exists(name))
      throw new Error(
        `oxlint.config.ts names src/${name}, which does not exist; take it out of the tables`,
      );
  }
  for (const file of files) {
    const [, folder = '', inside] = file.split('/');
    if (inside !== undefined && !(folder in tables.layers))
      throw new Error(
        `src/${folder} has no row in oxlint.config.ts; say which folders it may import`,
      );
  }
}

const toPosix = (file: string): string => file.replaceAll('\\', '/');
const countFolders = (folder: string): number => folder.split('/').length - 1;
const isInPure = (tables: WallTables, file: string): boolean =>
  tables.pure.some((folder) => file.startsWith(`src/${folder}/`));

function override(files: string, walls: Wall[]): OxlintOverride {
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns: walls }] } };
}

/**
 * What the files of a folder may not import, or the one named `name` in it. Tests keep the
 * layers, and may import rooms and joints, and what is in test/.
 */
function wallsAt(tables: WallTables, folder: string, name?: string, isTest = false): Wall[] {
  const inside = folder.split('/').slice(1);
  const forbid = (target: string, message: string): Wall => {
    const relative = path.posix.relative(folder, `src/${target}`);
    const written = relative.startsWith('.') ? relative : `./${relative}`;
    return { regex: `^${escape(written)}(\\.tsx?$|/)`, message };
  };
  const walls = [...detours(folder.split('/'))];
  const [layer = 'main'] = inside;
  const permitted = tables.layers[layer] ?? [];
  for (const other of Object.keys(tables.layers)) {
    if (other !== layer && !permitted.includes(other))
      walls.push(forbid(other, layerMessage(layer, permitted)));
  }
  if (isTest) return walls;
  for (const [place, { rooms, joints = [] }] of Object.entries(tables.rooms)) {
    const way = place.split('/');
    if (!way.every((part, index) => inside[index] === part)) continue;
    const room = inside[way.length] ?? name;
    if (room !== undefined && joints.includes(room)) continue;
    const open = room === undefined ? [] : (rooms[room] ?? []);
    const isRoom = room !== undefined && room in rooms;
    const closed = Object.keys(rooms).filter((other) => other !== room && !open.includes(other));
    const message = roomMessage(place, isRoom ? room : undefined, open, joints);
    for (const other of isRoom ? [...closed, ...joints] : closed)
      walls.push(forbid(`${place}/${other}`, message));
  }
  const message = 'only tests import from test/; code that ships stands in src';
  walls.push({ regex: `^(\\.\\./){${inside.length + 1}}(test|bench|scripts)/`, message });
  walls.push({ regex: '\\.test\\.tsx?$', message });
  return walls;
}

/** Paths that go out of a folder and come back, or turn in their middle. */
function detours(segments: readonly string[]): Wall[] {
  const message =
    'write the shortest path: one that comes back to its own folder hides what it names';
  const back = segments.map((name, index) => {
    const up = segments.length - index;
    return { regex: `^(\\.\\./){${up}}${escape(name)}/`, message };
  });
  return [...back, { regex: '([^./]/|^\\./)\\.\\./', message }, { regex: '/\\./', message }];
}

function layerMessage(layer: string, permitted: readonly string[]): string {
  const may = ['itself', ...permitted].join(', ');
  return (
    `src/${layer} may import only ${may} (oxlint.config.ts); ` +
    'features meet through seams in src/model and are joined in src/commands'
  );
}

function roomMessage(
  place: string,
  room: string | undefined,
  open: readonly string[],
  joints: readonly string[],
): string {
  const who = room === undefined ? `what the rooms of src/${place} share` : `src/${place}/${room}`;
  const may =
    open.length === 0 ? 'no room beside it' : `of the rooms beside it only ${open.join(', ')}`;
  const where = joints.map((joint) => `src/${place}/${joint}.ts`).join(', ');
  const remedy = where === '' ? '' : `; rooms are joined in ${where}`;
  return `${who} may import ${may} (oxlint.config.ts)${remedy}`;
}
