/**
 * `npm run build:cdk`: the CDK packages, `provider/cdktf` and `provider/cdktn`, ready to be packed; installs what they
 * are compiled with when that was not done yet. With a name as argument only that one.
 */
import { buildPackage } from "./cdk/build.ts";
import { FRAMEWORKS } from "./cdk/packages.ts";

const wanted = process.argv.slice(2);
for (const name of wanted)
  if (!FRAMEWORKS.some((one) => one === name)) throw new Error(`There is no framework "${name}"; there are ${FRAMEWORKS.join(", ")}.`);
for (const framework of FRAMEWORKS) if (wanted.length === 0 || wanted.includes(framework)) await buildPackage(framework);
