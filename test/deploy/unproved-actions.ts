/** Actions of a deployer's policy that the emulated CloudFormation proves by no model, by why. */
export const UNPROVED: Readonly<Record<string, string>> = {
};
