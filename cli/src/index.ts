/** What other parts of the project need of the CLI: its reference page. */
export { cliReference } from "./reference.ts";
