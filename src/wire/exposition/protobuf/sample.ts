/** The samples, exemplars and options of reading protobuf exposition: values only. */
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
  /** Whether native histograms are read; else the classic buckets that they may also hold. */
  readonly nativeHistograms: boolean;
  /** Whether the classic buckets of a native histogram are read as well. */
  readonly alwaysClassic: boolean;
}
