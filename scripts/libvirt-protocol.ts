import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { parseDefines, parseDescriptions, parseEnumerations } from "./libvirt/description.ts";
import { protocolFiles } from "./libvirt/table.ts";

const DESCRIPTIONS = [
  "src/rpc/virnetprotocol.x",
  "src/rpc/virkeepaliveprotocol.x",
  "src/remote/remote_protocol.x",
  "src/remote/qemu_protocol.x",
];

/**
 * The files of libvirt/gen, made from an unpacked source of libvirt (its release archive, or a distribution's source
 * package). The source is not part of this repository: without it nobody can tell whether the files are current.
 */
export function libvirtProtocol(source: string): readonly (readonly [name: string, text: string])[] {
  const read = (file: string): string => readFileSync(path.join(source, file), "utf8");
  const version = /version: '([\d.]+)'/.exec(read("meson.build"))?.[1];
  if (version === undefined) throw new Error(`${source} is not an unpacked source of libvirt: its meson.build names no version.`);
  const folder = "include/libvirt";
  const headers = readdirSync(path.join(source, folder))
    .filter((name) => /\.h(\.in)?$/.test(name) && !/admin|lxc/.test(name))
    // Others use the values of these two.
    .toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => read(path.join(folder, name)));
  const enumerations = parseEnumerations(headers);
  const known = new Map([...parseDefines(headers), ...enumerations.flatMap(({ values }) => values)]);
  return protocolFiles({ version, enumerations, ...parseDescriptions(DESCRIPTIONS.map(read), known) });
}

function rank(name: string): number {
  return name.includes("common") ? 0 : name === "libvirt-domain.h" ? 1 : 2;
}
