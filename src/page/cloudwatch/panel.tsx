/**
 * The panel of the metric of CloudWatch: its sums by minute beside what PromQL says of the same
 * counter, and both totals. Where the workspace has no CloudWatch, it says how to give it one, and
 * asks no more.
 */
import { useCallback } from 'preact/hooks';
import { formatNumber } from '../format.ts';
import { FramePanel, type View } from '../panel.tsx';
import { POLL_MS, type Reading, usePolling } from '../polling.ts';
import { askComparison, type Comparison } from './ask.ts';
import { formatIncrease, METRIC } from './metric.ts';

const QUERIES = [{ query: formatIncrease(60), legend: 'PromQL' }];

/** A workspace without CloudWatch answers 404, and only a new start changes that. */
function isOff({ error }: Reading<unknown>): boolean {
  return error?.status === 404;
}

export function CloudWatchPanel(view: View) {
  const { spanS, paused } = view;
  const ask = useCallback(
    (signal: AbortSignal) => askComparison(Date.now(), spanS, signal),
    [spanS],
  );
  const reading = usePolling(ask, { paused, periodMs: POLL_MS, isFinal: isOff });
  const { value, error } = reading;
  return (
    <section class="cloudwatch" aria-labelledby="cloudwatch-title">
      <h2 id="cloudwatch-title">CloudWatch</h2>
      {isOff(reading) ? (
        <p class="note">{error?.message}</p>
      ) : (
        <FramePanel
          id="cloudwatch"
          title={`${METRIC.metric} by minute`}
          unit={undefined}
          frame={value?.frame}
          error={error}
          queries={QUERIES}
          wait="CloudWatch has a value once its counter has been scraped twice"
          {...view}
        >
          {value === undefined ? null : <Totals {...value} />}
        </FramePanel>
      )}
    </section>
  );
}

function Totals({ totals, warnings }: Comparison) {
  const { cloudwatch, promql } = totals;
  return (
    <>
      <p class="totals">
        In total: CloudWatch <output>{formatNumber(cloudwatch)}</output>, PromQL{' '}
        <output>{formatNumber(promql)}</output>
      </p>
      {warnings.map((warning) => (
        <p class="note" key={warning}>
          {warning}
        </p>
      ))}
    </>
  );
}
