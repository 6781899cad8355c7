import { readFileSync } from "node:fs";
import { parseAddress } from "@ghost/proto";
import { plainTarget, secureTarget } from "@ghost/proto/client";
import type { Target } from "@ghost/proto/client";
import { problem } from "@ghost/schemas";
import type { CoreConfig } from "../config/agent-config.ts";

/** Where Ghost Core is. Throws AGENT_CONFIG for certificates that cannot be used. */
export function coreTarget({ address, tls }: Pick<CoreConfig, "address" | "tls">): Target {
  if (tls === undefined) return plainTarget(address);
  const read = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readFileSync(path));
  const parsed = parseAddress(address);
  try {
    return secureTarget(
      address,
      { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) },
      tls.serverName ?? (parsed?.kind === "tcp" ? parsed.host : "localhost"),
    );
  } catch (reason) {
    const detail = `The certificates in core cannot be used: ${reason instanceof Error ? reason.message : String(reason)}.`;
    throw problem(
      "AGENT_CONFIG",
      detail,
      { hint: "core.tls_ca, tls_cert and tls_key must be PEM files, and the key must belong to the certificate.", path: ["core"] },
      { cause: reason },
    );
  }
}
