import { CATALOGUE_NAMES } from "../../catalogue.ts";

/** An image that its vendor goes on publishing under one name: what it is now is in the checksum file. */
export interface VendorImage {
  /** Folder of the vendor, then of mirrors: image and checksum file are beside each other. Tried in order. */
  readonly folders: readonly string[];
  readonly fileName: string;
  readonly checksumFileName: string;
}

type Arch = "amd64" | "arm64";
/** Debian publishes SHA512SUMS only, Ubuntu SHA256SUMS. */
const UBUNTU = "https://cloud-images.ubuntu.com/releases/";
const DEBIAN = "https://cloud.debian.org/images/cloud/";
const CODENAMES: Readonly<Record<string, string>> = {
  "11": "bullseye",
  "12": "bookworm",
  "13": "trixie",
  "20.04": "focal",
  "22.04": "jammy",
  "24.04": "noble",
};

/**
 * The official cloud images of the catalogue. A mirror is the address of a folder laid out as the vendor's
 * (`…/bookworm/latest/…` of Debian, `…/noble/release/…` of Ubuntu), asked where the vendor does not answer.
 */
export function vendorImages(
  arch: Arch,
  mirrors: { readonly ubuntu?: readonly string[]; readonly debian?: readonly string[] } = {},
): ReadonlyMap<string, VendorImage> {
  return new Map(CATALOGUE_NAMES.map((name) => [name, vendorImage(name, arch, mirrors)]));
}

function vendorImage(name: string, arch: Arch, mirrors: Parameters<typeof vendorImages>[1] = {}): VendorImage {
  const [vendor, version = ""] = name.split("-");
  const codename = CODENAMES[version] ?? "";
  const isDebian = vendor === "debian";
  const bases = isDebian ? [DEBIAN, ...(mirrors.debian ?? [])] : [UBUNTU, ...(mirrors.ubuntu ?? [])];
  const folder = isDebian ? `${codename}/latest/` : `${codename}/release/`;
  return {
    folders: bases.map((base) => `${base.replace(/\/*$/, "/")}${folder}`),
    fileName: isDebian ? `debian-${version}-genericcloud-${arch}.qcow2` : `ubuntu-${version}-server-cloudimg-${arch}.img`,
    checksumFileName: isDebian ? "SHA512SUMS" : "SHA256SUMS",
  };
}
