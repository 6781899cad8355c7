/** Official cloud images that `image` may name on every host. */
export const CATALOGUE_NAMES: readonly string[] = ["ubuntu-24.04", "ubuntu-22.04", "ubuntu-20.04", "debian-13", "debian-12", "debian-11"];
