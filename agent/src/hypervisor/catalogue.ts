/** Official cloud images that `image` may name on every host. */
export const CATALOGUE = [
  { name: "ubuntu-24.04", title: "Ubuntu 24.04 LTS" },
  { name: "ubuntu-22.04", title: "Ubuntu 22.04 LTS" },
  { name: "ubuntu-20.04", title: "Ubuntu 20.04 LTS" },
  { name: "debian-13", title: "Debian 13" },
  { name: "debian-12", title: "Debian 12" },
  { name: "debian-11", title: "Debian 11" },
] as const satisfies readonly { name: string; title: string }[];

export const CATALOGUE_NAMES: readonly string[] = CATALOGUE.map((image) => image.name);
