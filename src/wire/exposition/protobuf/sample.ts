/**
 * What protobuf exposition is read as: values only.
 */
import type { NativeHistogram } from '../../../model/histogram.ts';
import type { SeriesType } from '../../../model/sample.ts';

export interface ProtobufExemplar {
  readonly labels: [name: string, value: string][];
  readonly value: number;
  readonly tMs: number | undefined;
}

export interface ProtobufSample {
  readonly family: string;
  readonly type: SeriesType;
  readonly help: string;
  readonly unit: string;
  /** `__name__` first. */
  readonly labels: [name: string, value: string][];
  readonly value: number | NativeHistogram;
  readonly tMs: number | undefined;
  readonly createdMs: number | undefined;
  readonly exemplars: readonly ProtobufExemplar[];
}

export interface ProtobufOptions {
  /** Without it native histograms are read as the classic ones they may hold too. */
  readonly nativeHistograms: boolean;
  /** Classic buckets also of histograms that are native. */
  readonly alwaysClassic: boolean;
}
