/** Version of the CLI; a test holds it to package.json. */
export const VERSION = "0.1.0";

/** The line that `ghost version` prints. */
export function versionLine(program: string): string {
  return `${program} ${VERSION} (node ${process.versions.node}, ${process.platform} ${process.arch})`;
}
