/**
 * The services of the traces as a table: what each served, how much of it failed and how long it
 * took, and below it the same of each of its calls to others.
 */
import { useCallback } from 'preact/hooks';
import { Alert } from '../alert.tsx';
import { formatNumber } from '../format.ts';
import { type Reading, usePolling } from '../polling.ts';
import { askServices, type Service, type Statistics } from './ask.ts';
import { formatDuration } from './layout.ts';
import { formatShare } from './words.ts';

/** X-Ray makes the graph anew about once in that time. */
const GRAPH_POLL_MS = 15_000;

function isFinal({ error }: Reading<unknown>): boolean {
  return error?.mayPass === false;
}

export function Services({ spanS, paused }: { spanS: number; paused: boolean }) {
  const ask = useCallback((signal: AbortSignal) => askServices(spanS, signal), [spanS]);
  const reading = usePolling(ask, { paused, periodMs: GRAPH_POLL_MS, isFinal });
  const { value: services, error } = reading;
  return (
    <section class="panel services" aria-labelledby="services-title">
      <header>
        <h3 id="services-title">Services</h3>
      </header>
      <Alert error={reading.error} hasOlder={reading.value !== undefined} />
      {services === undefined || services.length === 0 ? (
        <div class="empty">
          {services === undefined && error !== undefined ? null : (
            <p role="status">
              {services === undefined ? 'asking X-Ray …' : 'no services in this range'}
            </p>
          )}
        </div>
      ) : (
        <ServiceTable services={services} />
      )}
    </section>
  );
}

function ServiceTable({ services }: { services: readonly Service[] }) {
  const names = new Map(services.map(({ id, name }) => [id, name]));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Services: table">
      <table>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Requests</th>
            <th scope="col">Errors</th>
            <th scope="col">Throttled</th>
            <th scope="col">Faults</th>
            <th scope="col">Mean time</th>
          </tr>
        </thead>
        {services.map((service) => (
          <tbody key={service.id}>
            <tr>
              <th scope="row">
                <span class="service">{service.name || 'no name'}</span>{' '}
                <small>{service.type}</small>
              </th>
              <Figures of={service} />
            </tr>
            {service.edges.map((edge, index) => (
              <tr key={index} class="edge">
                <th scope="row">
                  <span class="unseen">calls </span>
                  <span aria-hidden="true">→ </span>
                  <span class="service">{names.get(edge.to) ?? 'a service not shown'}</span>
                </th>
                <Figures of={edge} />
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Figures({ of }: { of: Statistics }) {
  return (
    <>
      <td>{formatNumber(of.count)}</td>
      <td>{formatShare(of.errors, of.count)}</td>
      <td>{formatShare(of.throttles, of.count)}</td>
      <td>{formatShare(of.faults, of.count)}</td>
      <td>{of.count > 0 ? formatDuration(of.totalResponseTimeS / of.count) : '–'}</td>
    </>
  );
}
