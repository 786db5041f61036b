/**
 * What all targets share, since only one works at a time: a reader, columns to note offsets in, the
 * turns of the event loop in which bodies are read, and the memory of those that wait for one.
 */
import { BodyBuffers } from '../kernel/body-buffers.ts';
import { LENT_BYTES_MAX } from '../model/borrowed.ts';
import { ExpositionReader } from '../wire/exposition/reader.ts';
import { newOffsets, type SeriesOffsets } from './series-offsets.ts';
import { Turns } from './turns.ts';

export class ScrapeScratch {
  readonly reader = new ExpositionReader();
  offsets: SeriesOffsets;
  readonly turns: Turns;
  /** For bodies that wait for a later turn. */
  readonly bodies = new BodyBuffers({ longest: LENT_BYTES_MAX, keptBytes: 4 * LENT_BYTES_MAX });

  /** @param room how many series it has space for at first */
  constructor(room = 0, turns = new Turns()) {
    this.offsets = newOffsets(Math.max(1_024, room));
    this.turns = turns;
  }
}
