import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CATALOGUE_NAMES } from "../../catalogue.ts";
import { vendorImages } from "./vendor-images.ts";

suite("vendorImages", () => {
  test("has every name of the catalogue, each with an address of https", () => {
    const images = vendorImages("amd64");
    assert.deepEqual([...images.keys()], CATALOGUE_NAMES);
    for (const { folders } of images.values())
      for (const folder of folders) assert.match(folder, /^https:\/\/[^/]+\/.+[a-z]\/(latest|release)\/$/);
  });
  test("mirrors are asked before the vendor", () => {
    assert.deepEqual(vendorImages("arm64", ["http://mirror/images"]).get("debian-12"), {
      folders: ["http://mirror/images/bookworm/latest/", "http://mirror/images/", "https://cloud.debian.org/images/cloud/bookworm/latest/"],
      fileName: "debian-12-genericcloud-arm64.qcow2",
      checksumFileName: "SHA512SUMS",
    });
    assert.deepEqual(vendorImages("amd64").get("ubuntu-24.04"), {
      folders: ["https://cloud-images.ubuntu.com/releases/noble/release/"],
      fileName: "ubuntu-24.04-server-cloudimg-amd64.img",
      checksumFileName: "SHA256SUMS",
    });
  });
});
