/**
 * `npm run test:machine [-- ARGS]`: what needs real machines, on a libvirt of its own. Arguments as for `npm test`. As
 * root it installs what is missing from Debian's packages. Where there is no libvirt to be had, a developer is told so,
 * and on CI that is a failure.
 */
import { installPackages, whyNot } from "../test/machine/support/packages.ts";
import { runTests } from "./run-tests.ts";

installPackages();
const reason = whyNot("libvirtd", "virsh", "qemu-system-x86_64");
if (reason === undefined) {
  process.exitCode = await runTests({ patterns: ["test/machine/**/*.test.ts"], args: process.argv.slice(2) });
} else {
  const isCi = (process.env["CI"] ?? "") !== "";
  process.stderr.write(`${isCi ? "Error" : "Skipped"}: ${reason}.\n`);
  process.exitCode = isCi ? 1 : 0;
}
