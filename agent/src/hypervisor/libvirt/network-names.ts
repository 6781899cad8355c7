/**
 * Names of networks: as libvirt has them, and as specs say them. What `default` means in a spec is configured; where that is
 * another one, libvirt's own network of that name is called so that nobody takes it for it.
 */
const DEFAULT = "default";
/** No network of libvirt has a slash in its name. */
const OTHER_DEFAULT = "libvirt/default";

export function networkInSpec(onHost: string | undefined, defaultNetwork: string): string | undefined {
  if (onHost === defaultNetwork) return DEFAULT;
  return onHost === DEFAULT ? OTHER_DEFAULT : onHost;
}

export function networkOnHost(inSpec: string | undefined, defaultNetwork: string): string | undefined {
  if (inSpec === DEFAULT) return defaultNetwork;
  return inSpec === OTHER_DEFAULT ? DEFAULT : inSpec;
}
