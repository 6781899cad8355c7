import { CATALOGUE_NAMES } from "../../catalogue.ts";

/** An image that its vendor goes on publishing under one name: what it is now is in the checksum file. */
export interface VendorImage {
  /** Folders of mirrors, then of the vendor: image and checksum file are beside each other. Tried in order. */
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
 * The official cloud images of the catalogue. A mirror is the address of a folder that is asked before the vendor: laid
 * out as the vendor's (`…/bookworm/latest/…` of Debian, `…/noble/release/…` of Ubuntu), or with the files in it.
 */
export function vendorImages(arch: Arch, mirrors: readonly string[] = []): ReadonlyMap<string, VendorImage> {
  return new Map(CATALOGUE_NAMES.map((name) => [name, vendorImage(name, arch, mirrors)]));
}

function vendorImage(name: string, arch: Arch, mirrors: readonly string[]): VendorImage {
  const [vendor, version = ""] = name.split("-");
  const codename = CODENAMES[version] ?? "";
  const isDebian = vendor === "debian";
  const folder = isDebian ? `${codename}/latest/` : `${codename}/release/`;
  const bases = mirrors.map((mirror) => mirror.replace(/\/*$/, "/"));
  return {
    folders: [...bases.flatMap((base) => [base + folder, base]), (isDebian ? DEBIAN : UBUNTU) + folder],
    fileName: isDebian ? `debian-${version}-genericcloud-${arch}.qcow2` : `ubuntu-${version}-server-cloudimg-${arch}.img`,
    checksumFileName: isDebian ? "SHA512SUMS" : "SHA256SUMS",
  };
}
