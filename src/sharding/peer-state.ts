/**
 * What a collector tells the others of itself. They ask for it and believe it, as they asked at an
 * address that ECS, or the name of the collectors, gave; nobody can tell a collector anything
 * unasked.
 */
import { z } from 'zod';
import { MOVES_MAX } from './division.ts';
import { PARTS } from './parts.ts';

/** More proposals than ever will be made, and far from where numbers lose their last digit. */
const EPOCH_MAX = 2 ** 40;
/** Far above any real service. */
export const MEMBERS_MAX = 1_000;

const idSchema = z.string().min(1).max(2_048);
const partSchema = z
  .number()
  .int()
  .min(0)
  .max(PARTS - 1);
const timeSchema = z.number().int().min(0);

const memberSchema = z.object({
  id: idSchema,
  /** Host and port where it answers others; without it only ECS can be asked about it. */
  address: z.string().max(300).optional(),
  /** ECS does not say yet that it runs. */
  isStarting: z.boolean().optional(),
});

const listSchema = z.object({
  readAtMs: timeSchema,
  members: z.array(memberSchema).max(MEMBERS_MAX),
});

const proposalSchema = z.object({
  /** Grows with every proposal. */
  epoch: z.number().int().min(1).max(EPOCH_MAX),
  /** Whose it is: two of one epoch are told apart by it. */
  by: idSchema,
  /** In order. */
  members: z.array(idSchema).max(MEMBERS_MAX),
  /** Part and the place of its owner in `members`, where it is another than by hash. */
  moves: z.array(z.tuple([partSchema, z.number().int().min(0)])).max(MOVES_MAX),
});

export const peerStateSchema = z.object({
  id: idSchema,
  /** Of the process: tells one that was started again from the one before. */
  boot: z.string().min(1).max(100),
  /** Grows with every change of the state. */
  version: z.number().int().min(0),
  phase: z.enum(['running', 'leaving', 'left']),
  /** Whether it knows all its targets. */
  isReady: z.boolean(),
  /** The newest list of all collectors that it knows. */
  list: listSchema.optional(),
  /** Of those it knows, the ones that do not answer it. */
  lost: z.array(idSchema).max(MEMBERS_MAX),
  /** The newest proposal that it has seen. */
  proposal: proposalSchema.optional(),
  /** Under which it scrapes nothing but its own, and since when. */
  released: z
    .object({
      epoch: z.number().int(),
      by: idSchema,
      atMs: timeSchema,
      unfinished: z.array(partSchema).max(PARTS),
    })
    .optional(),
});

export type Member = z.output<typeof memberSchema>;
export type MemberList = z.output<typeof listSchema>;
export type Proposal = z.output<typeof proposalSchema>;
export type PeerState = z.output<typeof peerStateSchema>;

/** Whether the first proposal goes before the second. */
export function isNewer(
  one: Pick<Proposal, 'epoch' | 'by'>,
  other: Pick<Proposal, 'epoch' | 'by'> | undefined,
): boolean {
  if (other === undefined) return true;
  return one.epoch !== other.epoch ? one.epoch > other.epoch : one.by > other.by;
}

export function isSame(
  one: Pick<Proposal, 'epoch' | 'by'> | undefined,
  other: Pick<Proposal, 'epoch' | 'by'> | undefined,
): boolean {
  return one?.epoch === other?.epoch && one?.by === other?.by;
}

/** The parts that are not where their hash says. */
export function mapMoves({ members, moves }: Proposal): Map<number, string> {
  return new Map(moves.map(([part, at]) => [part, members[at] ?? '']));
}
