/**
 * The telemetry records of daemons: the last 1,000 and the sums of all of them.
 * Source: https://docs.aws.amazon.com/xray/latest/api/API_PutTelemetryRecords.html
 */
import * as z from 'zod';
import type { AwsInput } from '../service.ts';
import { parseRequest, secondsSchema } from './requests.ts';

const RECORDS_MAX = 1_000;

const count = z.number().int().nullish();
const recordSchema = z.strictObject({
  Timestamp: secondsSchema,
  SegmentsReceivedCount: count,
  SegmentsSentCount: count,
  SegmentsSpilloverCount: count,
  SegmentsRejectedCount: count,
  BackendConnectionErrors: z
    .strictObject({
      TimeoutCount: count,
      ConnectionRefusedCount: count,
      HTTPCode4XXCount: count,
      HTTPCode5XXCount: count,
      UnknownHostCount: count,
      OtherCount: count,
    })
    .nullish(),
});
const requestSchema = z.object({
  TelemetryRecords: z.array(recordSchema),
  EC2InstanceId: z.string().max(20).nullish(),
  Hostname: z.string().max(255).nullish(),
  ResourceARN: z.string().max(500).nullish(),
});

export class ReceivedTelemetry {
  readonly #records: object[] = [];
  #sums: Record<string, number> = {};

  /** @throws AwsError InvalidRequestException */
  put(input: AwsInput): void {
    const { TelemetryRecords, ...sender } = parseRequest(requestSchema, input);
    for (const record of TelemetryRecords) {
      this.#records.push({ ...sender, ...record });
      const { BackendConnectionErrors: errors, Timestamp: _, ...counts } = record;
      for (const [key, value] of Object.entries({ ...counts, ...errors }))
        this.#sums[key] = (this.#sums[key] ?? 0) + (value ?? 0);
    }
    this.#records.splice(0, Math.max(0, this.#records.length - RECORDS_MAX));
  }

  clear(): void {
    this.#records.length = 0;
    this.#sums = {};
  }

  describe(): { readonly records: readonly object[]; readonly sums: Record<string, number> } {
    return { records: [...this.#records], sums: { ...this.#sums } };
  }
}
