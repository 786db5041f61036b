/**
 * What all targets share, since only one works at a time: a reader, columns to note offsets in, and
 * the turns of the event loop in which bodies are read.
 */
import { ExpositionReader } from '../wire/exposition/reader.ts';
import { newOffsets, type SeriesOffsets } from './series-offsets.ts';
import { Turns } from './turns.ts';

export class ScrapeScratch {
  readonly reader = new ExpositionReader();
  offsets: SeriesOffsets;
  readonly turns: Turns;

  /** @param room how many series it has space for at first */
  constructor(room = 0, turns = new Turns()) {
    this.offsets = newOffsets(Math.max(1_024, room));
    this.turns = turns;
  }
}
