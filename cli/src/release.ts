/** The way in of the bundle, for both programs: the name it was started under says which it is. */
import { start } from "./start.ts";

const name = (process.argv[1] ?? "").split(/[\\/]/).at(-1) ?? "";
await start(name.startsWith("ghostctl") ? "ghostctl" : "ghost");
