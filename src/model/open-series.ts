/**
 * A series that is being changed. Transforms that follow one another share it: its labels are
 * taken apart once and put together once, however many transforms there are. It has one of two
 * forms, and changes to the one that a transform asks for:
 *
 *     labels ◄──────────► point
 *     all of them         metric, attributes, part (point.ts)
 *
 * The resource, the family and the scale are the same in both.
 */
import { type LabelSet, labelValue, makeLabelSet } from './labels.ts';
import { joinPointLabels, makeFamily, type Point, settlePoint, splitLabels } from './point.ts';
import type { SeriesFamily } from './sample.ts';

/** A series after some transforms. */
export interface TransformedSeries {
  readonly labels: LabelSet;
  readonly family: SeriesFamily;
  /** As `SeriesOrigin` has it. */
  readonly resource: LabelSet;
  /** What its samples are multiplied by; 1 leaves them as they are. */
  readonly scale: number;
}

export class OpenSeries {
  /** That of the last transform; what a transform changes of a point is not in it yet. */
  family: SeriesFamily;
  readonly #given: TransformedSeries;
  #labels: Map<string, string> | undefined;
  #point: Point | undefined;
  #resource: Map<string, string> | undefined;
  #scale: number;
  /** Whether the transform that is at work has asked for the point. */
  #isPointAsked = false;

  constructor(given: TransformedSeries) {
    this.#given = given;
    this.family = given.family;
    this.#scale = given.scale;
  }

  /** All labels, the name among them. In no particular order; none is empty at the beginning. */
  get labels(): Map<string, string> {
    this.#labels ??= this.#point === undefined ? toMap(this.#given.labels) : this.#leavePoint();
    return this.#labels;
  }

  /** The attributes of what is observed. In no particular order; none is empty at the beginning. */
  get resource(): Map<string, string> {
    this.#resource ??= toMap(this.#given.resource);
    return this.#resource;
  }

  /** One attribute of what is observed; '' for none. It costs less than all of them. */
  resourceValue(name: string): string {
    if (this.#resource === undefined) return labelValue(this.#given.resource, name);
    return this.#resource.get(name) ?? '';
  }

  get point(): Point {
    this.#isPointAsked = true;
    if (this.#point !== undefined) return this.#point;
    const { labels } = this;
    this.#labels = undefined;
    this.#point = splitLabels(labels, this);
    return this.#point;
  }

  get scale(): number {
    return this.#point?.scale ?? this.#scale;
  }

  set scale(scale: number) {
    this.#scale = scale;
    if (this.#point !== undefined) this.#point.scale = scale;
  }

  /**
   * Ends the turn of a transform, so that the next one finds what it would find if the series had
   * been closed and opened between them.
   */
  settle(isChanged: boolean): void {
    const point = this.#point;
    if (isChanged) {
      if (this.#resource !== undefined) deleteEmpty(this.#resource);
      if (this.#labels !== undefined) deleteEmpty(this.#labels);
      if (point !== undefined && this.#isPointAsked) {
        this.family = makeFamily(point, this.family);
        deleteEmpty(point.attributes);
        settlePoint(point);
      }
    }
    this.#isPointAsked = false;
  }

  /** The series as it is now. It may not be changed any more. */
  close(): TransformedSeries {
    const { scale, family } = this;
    const hasLabels = this.#labels !== undefined || this.#point !== undefined;
    const labels = hasLabels ? makeLabelSet(this.labels) : this.#given.labels;
    return { labels, family, resource: this.#closeResource(), scale };
  }

  #leavePoint(): Map<string, string> {
    const point = this.#point as Point;
    this.#scale = point.scale;
    this.#point = undefined;
    return joinPointLabels(point);
  }

  /** A resource in which nothing has changed is shared by its series. */
  #closeResource(): LabelSet {
    const given = this.#given.resource;
    const now = this.#resource;
    if (now === undefined) return given;
    const isSame =
      now.size === given.length && given.every(({ name, value }) => now.get(name) === value);
    return isSame ? given : makeLabelSet(now);
  }
}

/** A series as a point, to read it. */
export function readPoint(series: TransformedSeries): Point {
  return new OpenSeries(series).point;
}

function toMap(labels: LabelSet): Map<string, string> {
  const map = new Map<string, string>();
  for (const { name, value } of labels) map.set(name, value);
  return map;
}

function deleteEmpty(map: Map<string, string>): void {
  for (const [name, value] of map) if (value === '') map.delete(name);
}
