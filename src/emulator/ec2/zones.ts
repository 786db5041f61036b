/**
 * EC2's DescribeAvailabilityZones: the zones of the emulated region, by names, ids and filters.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
 */
import { refuseUnknownParameters } from '../members.ts';
import { AwsError } from '../service.ts';
import { element } from '../xml.ts';
import { type Ec2Answer, type FilterReader, parseFilters, readFormList } from './answers.ts';
import type { Ec2State } from './state.ts';

type Zone = ReturnType<Ec2State['zones']>[number];

// Zones that must be opted in are not here, so AllAvailabilityZones adds none.
const PARAMETERS = [
  'ZoneName.N',
  'ZoneId.N',
  'Filter.N.Name',
  'Filter.N.Value.N',
  'AllAvailabilityZones',
];

/** @throws AwsError */
export function describeAvailabilityZones(form: URLSearchParams, state: Ec2State): Ec2Answer {
  refuseUnknownParameters(form, PARAMETERS);
  const filters: Readonly<Record<string, FilterReader<Zone>>> = {
    'region-name': () => state.region,
    state: () => 'available',
    'zone-id': ({ id }) => id,
    'zone-name': ({ name }) => name,
    'zone-type': () => 'availability-zone',
  };
  const fits = parseFilters(form, (name) => filters[name]);
  const all = state.zones();
  const names = readFormList(form, 'ZoneName.');
  const ids = readFormList(form, 'ZoneId.');
  for (const given of [...names, ...ids])
    if (!all.some(({ name, id }) => given === name || given === id))
      throw new AwsError('InvalidParameterValue', `Invalid availability zone: [${given}]`);
  const found = all.filter(
    (zone) =>
      (names.length === 0 || names.includes(zone.name)) &&
      (ids.length === 0 || ids.includes(zone.id)) &&
      fits(zone),
  );
  const items = found.map(
    ({ name, id }) =>
      `<item>${element('zoneName', name)}${element('zoneState', 'available')}` +
      `${element('regionName', state.region)}<messageSet/>${element('zoneId', id)}` +
      `${element('groupName', state.region)}${element('zoneType', 'availability-zone')}` +
      `${element('optInStatus', 'opt-in-not-required')}</item>`,
  );
  return { content: `<availabilityZoneInfo>${items.join('')}</availabilityZoneInfo>` };
}
