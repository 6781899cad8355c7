import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { findChecksum } from "./checksum-file.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const LONG = "c".repeat(128);

suite("findChecksum", () => {
  const cases: readonly { name: string; text: string; want: ReturnType<typeof findChecksum> }[] = [
    { name: "Ubuntu's: a star before the name", text: `${B} *other.img\n${A} *disk.img\n`, want: { sha256: A } },
    { name: "Debian's: two spaces, sha512", text: `${LONG}  disk.img\n`, want: { sha512: LONG } },
    { name: "BSD's", text: `SHA256 (disk.img) = ${A}\n`, want: { sha256: A } },
    { name: "lines of another system", text: `${A}  disk.img\r\n`, want: { sha256: A } },
    { name: "a folder before the name", text: `${A}  ./disk.img\n`, want: { sha256: A } },
    { name: "capitals", text: `${A.toUpperCase()}  disk.img\n`, want: { sha256: A } },
    { name: "both: sha256 counts", text: `${LONG}  disk.img\n${A}  disk.img\n`, want: { sha256: A } },
    { name: "a signature around it", text: `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${A}  disk.img\n`, want: { sha256: A } },
    { name: "the same twice", text: `${A}  disk.img\n${A} *disk.img\n`, want: { sha256: A } },
    { name: "two different ones prove nothing", text: `${A}  disk.img\n${B}  disk.img\n`, want: undefined },
    { name: "another name", text: `${A}  disk.img.zsync\n${A}  old-disk.img\n`, want: undefined },
    { name: "md5", text: `${"d".repeat(32)}  disk.img\n`, want: undefined },
    { name: "a web page", text: "<html>Please log in</html>", want: undefined },
    { name: "nothing", text: "", want: undefined },
  ];
  for (const { name, text, want } of cases) test(name, () => assert.deepEqual(findChecksum(text, "disk.img"), want));
});
