/**
 * The state that a collector tells the others. They ask for it at addresses that come from ECS or
 * the collectors' DNS name, and therefore trust it; a collector accepts no state that it has not
 * asked for.
 */
import * as z from 'zod';
import { MOVES_MAX } from './division.ts';
import { PARTS } from './parts.ts';

/** More than the proposals ever made, and far below the largest safe integer. */
const EPOCH_MAX = 2 ** 40;
/** More collectors than any service has. */
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
  /** Host and port where it answers others; without one, only ECS tells of it. */
  address: z.string().max(300).optional(),
  /** Whether ECS does not report it as running yet. */
  isStarting: z.boolean().optional(),
});

const listSchema = z.object({
  readAtMs: timeSchema,
  members: z.array(memberSchema).max(MEMBERS_MAX),
});

const proposalSchema = z.object({
  /** Grows with every proposal. */
  epoch: z.number().int().min(1).max(EPOCH_MAX),
  /** Id of the collector that made it; it orders two proposals of one epoch. */
  by: idSchema,
  /** Ids, sorted. */
  members: z.array(idSchema).max(MEMBERS_MAX),
  /** Parts whose owner is another than by hash, each with the index of that owner in `members`. */
  moves: z.array(z.tuple([partSchema, z.number().int().min(0)])).max(MOVES_MAX),
});

export const peerStateSchema = z.object({
  id: idSchema,
  /** Random for each process: it tells a restarted collector from the one before. */
  boot: z.string().min(1).max(100),
  /** Grows with every change of the state. */
  version: z.number().int().min(0),
  phase: z.enum(['running', 'leaving', 'left']),
  /** Whether it knows all lists of targets. */
  isReady: z.boolean(),
  /** The newest list of all collectors that it knows. */
  list: listSchema.optional(),
  /** Ids of those that do not answer it. */
  lost: z.array(idSchema).max(MEMBERS_MAX),
  /** The newest proposal that it has seen. */
  proposal: proposalSchema.optional(),
  /** Its folder in the shared storage, where collectors have one. */
  folder: z.string().max(100).optional(),
  /** It has sent what it scraped before the hand-overs up to this epoch. */
  sentEpoch: z.number().int().min(0).max(EPOCH_MAX).optional(),
  /** It has sent all but what it holds back until others have sent. */
  isHeldUp: z.boolean().optional(),
  /** The newest proposal under which it has given up the parts of others, and since when. */
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

/** Whether the first proposal is newer than the second. */
export function isNewer(
  a: Pick<Proposal, 'epoch' | 'by'>,
  b: Pick<Proposal, 'epoch' | 'by'> | undefined,
): boolean {
  if (b === undefined) return true;
  return a.epoch !== b.epoch ? a.epoch > b.epoch : a.by > b.by;
}

/** Whether both are the same proposal, or both undefined. */
export function isSame(
  a: Pick<Proposal, 'epoch' | 'by'> | undefined,
  b: Pick<Proposal, 'epoch' | 'by'> | undefined,
): boolean {
  return a?.epoch === b?.epoch && a?.by === b?.by;
}

/** The moves of a proposal: each part with its owner's id. */
export function mapMoves({ members, moves }: Proposal): Map<number, string> {
  return new Map(moves.map(([part, at]) => [part, members[at] ?? '']));
}
