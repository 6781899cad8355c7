/** The verbs about a spec and its stack, in one piece: what one of them loads, the others need too. */
export { adopt } from "./adopt.ts";
export { apply } from "./apply.ts";
export { destroy } from "./destroy.ts";
export { drift } from "./drift.ts";
export { exportCommand } from "./export.ts";
export { fmt } from "./fmt.ts";
export { forget } from "./forget.ts";
export { graph } from "./graph.ts";
export { opAttach, opCancel, opList } from "./op.ts";
export { plan } from "./plan.ts";
export { release } from "./release.ts";
export { render } from "./render.ts";
export { show } from "./show.ts";
export { status } from "./status.ts";
export { validate } from "./validate.ts";
