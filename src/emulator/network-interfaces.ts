/** The network interfaces of emulated tasks, which ECS keeps, as EC2 knows them. */
import type { NetworkInterface } from './ec2/shapes.ts';
import type { Ec2State } from './ec2/state.ts';
import type { TaskInterface } from './ecs/task-network.ts';

export function listTaskInterfaces(
  interfaces: ReadonlyMap<string, TaskInterface>,
  { network }: Ec2State,
): NetworkInterface[] {
  return [...interfaces.values()].map((one) => {
    const { subnetId } = one;
    return {
      NetworkInterfaceId: one.networkInterfaceId,
      SubnetId: subnetId,
      VpcId: network.subnets.has(subnetId) ? network.subnets.find(subnetId).VpcId : '',
      AvailabilityZone: one.availabilityZone,
      Description: 'Interface of a task',
      InterfaceType: 'interface',
      RequesterId: 'ecs.amazonaws.com',
      PrivateIpAddress: one.privateAddress,
      groups: [],
      attached: { DeviceIndex: 1 },
      publicIp: one.publicAddress,
    };
  });
}
