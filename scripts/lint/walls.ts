/**
 * Turns the tables of layers and rooms in oxlint.config.ts into rules of oxlint. The tables
 * themselves are not here.
 *
 * oxlint's rule sees the text of an import and does not resolve it. Each folder of src therefore
 * gets restrictions written the way its own files would write the path. A path that leaves a folder
 * and comes back is refused, so that each import can be written in only one way.
 */
import { globSync } from 'node:fs';
import path from 'node:path';
import type { OxlintOverride } from 'oxlint';
import { buildPureRules, isPureFile, type Wall } from './purity.ts';

/** Folder of src → the other folders that it may import. `main` is main.ts. */
export type Layers = Readonly<Record<string, readonly string[]>>;

/**
 * The rooms of a folder. A room is the file of that name and everything in the folder of that name.
 */
export interface Rooms {
  /** Room → the rooms beside it that it may import. A file that is no room may import none. */
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  /**
   * Files, without extension, that join the rooms: a joint may import all, and no room may import
   * it.
   */
  readonly joints?: readonly string[];
}

export interface WallTables {
  readonly layers: Layers;
  /** Folder, as a path from src → its rooms. */
  readonly rooms: Readonly<Record<string, Rooms>>;
  /** Pure folders of src, including the files in folders below them. */
  readonly pure: readonly string[];
}

/** The name of a source file without its extension. */
const stem = (file: string): string => path.posix.basename(file).replace(/\.tsx?$/, '');
const escape = (text: string): string => text.replaceAll('.', '\\.');

/**
 * Builds the overrides for the tree at `root`. A later override replaces an earlier one, so each is
 * complete.
 */
export function buildWalls(tables: WallTables, root: string): OxlintOverride[] {
  const files = globSync('src/**/*.{ts,tsx}', { cwd: root }).map(toPosix).sort();
  const folders = [...new Set(files.map((file) => path.posix.dirname(file)))];
  checkRows(tables, files);
  return folders.flatMap((folder) => {
    const own = files.filter((file) => path.posix.dirname(file) === folder);
    return [
      makeOverride(`${folder}/*.{ts,tsx}`, buildWallsOf(tables, folder)),
      ...own
        .filter((file) => !file.includes('.test.'))
        .flatMap((file): OxlintOverride[] => {
          const isPure = isInPure(tables, file) || isPureFile(path.join(root, file));
          const isNamed = stem(file) in (tables.rooms[folder.slice('src/'.length)]?.rooms ?? {});
          const isJoint = tables.rooms[folder.slice('src/'.length)]?.joints?.includes(stem(file));
          if (!isPure && !isNamed && isJoint !== true) return [];
          const walls = buildWallsOf(tables, folder, stem(file));
          if (!isPure) return [makeOverride(file, walls)];
          return [{ files: [file], rules: buildPureRules(countFolders(folder), walls) }];
        }),
      makeOverride(`${folder}/*.test.{ts,tsx}`, buildWallsOf(tables, folder, undefined, true)),
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
    ...Object.entries(tables.rooms).flatMap(([parent, { rooms, joints = [] }]) =>
      [...Object.keys(rooms), ...Object.values(rooms).flat(), ...joints].map(
        (one) => `${parent}/${one}`,
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

function makeOverride(files: string, walls: Wall[]): OxlintOverride {
  return { files: [files], rules: { 'no-restricted-imports': ['error', { patterns: walls }] } };
}

/**
 * Lists what the files of a folder, or its file `name`, may not import. Tests keep to the layers
 * but may import any room or joint, and test/.
 */
function buildWallsOf(tables: WallTables, folder: string, name?: string, isTest = false): Wall[] {
  const inside = folder.split('/').slice(1);
  const forbid = (target: string, message: string): Wall => {
    const relative = path.posix.relative(folder, `src/${target}`);
    const written = relative.startsWith('.') ? relative : `./${relative}`;
    return { regex: `^${escape(written)}(\\.tsx?$|/)`, message };
  };
  const walls = [...forbidDetours(folder.split('/'))];
  const [layer = 'main'] = inside;
  const permitted = tables.layers[layer] ?? [];
  for (const other of Object.keys(tables.layers)) {
    if (other !== layer && !permitted.includes(other))
      walls.push(forbid(other, formatLayerMessage(layer, permitted)));
  }
  if (isTest) return walls;
  for (const [parent, { rooms, joints = [] }] of Object.entries(tables.rooms)) {
    const parents = parent.split('/');
    if (!parents.every((part, index) => inside[index] === part)) continue;
    const room = inside[parents.length] ?? name;
    if (room !== undefined && joints.includes(room)) continue;
    const open = room === undefined ? [] : (rooms[room] ?? []);
    const isRoom = room !== undefined && room in rooms;
    const closed = Object.keys(rooms).filter((other) => other !== room && !open.includes(other));
    const message = formatRoomMessage(parent, isRoom ? room : undefined, open, joints);
    for (const other of isRoom ? [...closed, ...joints] : closed)
      walls.push(forbid(`${parent}/${other}`, message));
  }
  const message = 'only tests import from test/; code that ships stands in src';
  walls.push({ regex: `^(\\.\\./){${inside.length + 1}}(test|bench|scripts)/`, message });
  walls.push({ regex: '\\.test\\.tsx?$', message });
  return walls;
}

/** Matches paths that leave a folder and come back, or that contain `..` or `.` in the middle. */
function forbidDetours(segments: readonly string[]): Wall[] {
  const message =
    'write the shortest path: one that comes back to its own folder hides what it names';
  const back = segments.map((name, index) => {
    const up = segments.length - index;
    return { regex: `^(\\.\\./){${up}}${escape(name)}/`, message };
  });
  return [
    ...back,
    { regex: '([^./]/|^\\./)\\.\\./', message },
    { regex: '/\\./', message },
    { regex: '^\\..*//', message },
  ];
}

function formatLayerMessage(layer: string, permitted: readonly string[]): string {
  const may = ['itself', ...permitted].join(', ');
  return (
    `src/${layer} may import only ${may} (oxlint.config.ts); ` +
    'features meet through seams in src/model and are joined in src/commands'
  );
}

function formatRoomMessage(
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
