/**
 * EC2's zones and regions: DescribeAvailabilityZones by names, ids and filters, and
 * DescribeRegions.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
 */
import { type ActionHandler, AwsError } from '../service.ts';
import { parseFilters, readEc2Texts } from './lists.ts';

interface Zone {
  readonly name: string;
  readonly id: string;
}

/** The three zones of a region, by name, with their ids. */
export function listZones(region: string): Zone[] {
  return ['a', 'b', 'c'].map((letter, index) => ({
    name: `${region}${letter}`,
    id: `${shortenRegion(region)}-az${index + 1}`,
  }));
}

/** `us-east-1` is `use1` in the ids of zones, `ap-southeast-2` is `apse2`. */
function shortenRegion(region: string): string {
  const [area = '', ...rest] = region.split('-');
  const words = /north|south|east|west|central|gov|iso/g;
  return area + rest.map((part) => part.replaceAll(words, (word) => word.slice(0, 1))).join('');
}

export function zoneActions(region: string): Record<string, ActionHandler> {
  return {
    DescribeAvailabilityZones: (input) => {
      const fits = parseFilters<Zone>(input['Filters'], {
        'region-name': () => region,
        state: () => 'available',
        'zone-id': ({ id }) => id,
        'zone-name': ({ name }) => name,
        'zone-type': () => 'availability-zone',
      });
      const all = listZones(region);
      const names = readEc2Texts(input, 'ZoneNames');
      const ids = readEc2Texts(input, 'ZoneIds');
      for (const given of [...names, ...ids])
        if (!all.some(({ name, id }) => given === name || given === id))
          throw new AwsError('InvalidParameterValue', `Invalid availability zone: [${given}]`);
      const found = all.filter(
        (zone) =>
          (names.length === 0 || names.includes(zone.name)) &&
          (ids.length === 0 || ids.includes(zone.id)) &&
          fits(zone),
      );
      return {
        AvailabilityZones: found.map(({ name, id }) => ({
          ZoneName: name,
          State: 'available',
          RegionName: region,
          Messages: [],
          ZoneId: id,
          GroupName: region,
          NetworkBorderGroup: region,
          ZoneType: 'availability-zone',
          OptInStatus: 'opt-in-not-required',
        })),
      };
    },
    DescribeRegions: (input) => {
      const names = readEc2Texts(input, 'RegionNames');
      const unknown = names.filter((name) => name !== region);
      if (unknown.length > 0)
        throw new AwsError('InvalidParameterValue', `Invalid region(s): [${unknown.join(', ')}]`);
      const fits = parseFilters<string>(input['Filters'], {
        endpoint: (name) => `ec2.${name}.amazonaws.com`,
        'region-name': (name) => name,
        'opt-in-status': () => 'opt-in-not-required',
      });
      return {
        Regions: [region].filter(fits).map((RegionName) => ({
          RegionName,
          Endpoint: `ec2.${RegionName}.amazonaws.com`,
          OptInStatus: 'opt-in-not-required',
        })),
      };
    },
  };
}
