import { createHash } from "node:crypto";
import { problem } from "@ghost/schemas";
import type { GhostError } from "@ghost/schemas";

/** What a guest is set up with at its first boot. */
export interface CloudInit {
  readonly hostname?: string;
  readonly packages?: readonly string[];
  /** Public keys that may log in as the image's default user. */
  readonly ssh_keys?: readonly string[];
  /** Own user-data: cloud-config, a script, or another form that cloud-init knows by its first line. */
  readonly user_data?: string;
  /** Of the image's default user: plain text, or a hash as `mkpasswd` makes it. */
  readonly password?: string;
}

/** Forms of user-data by their first line, as cloud-init tells them apart; the longest that fits counts. Each becomes a part beside ours. */
const PARTS: Readonly<Record<string, string>> = {
  "#!": "text/x-shellscript",
  "#include": "text/x-include-url",
  "#include-once": "text/x-include-once-url",
  "#cloud-boothook": "text/cloud-boothook",
  "#cloud-config": "text/cloud-config",
  "#cloud-config-archive": "text/cloud-config-archive",
  "#cloud-config-jsonp": "text/cloud-config-jsonp",
  "#part-handler": "text/part-handler",
  "## template: jinja": "text/jinja2",
};
const CLOUD_CONFIG = "text/cloud-config";
const LONGEST_FIRST = Object.entries(PARTS).sort(([a], [b]) => b.length - a.length);
const HEADER = "#cloud-config\n";
/** Of a base64 line in MIME (RFC 2045). */
const LINE_CHARS = 76;

/**
 * The user-data of a guest, the same text for the same values: `#cloud-config`, or a MIME multi-part text when the own
 * user-data is of a form that cannot be merged (a script).
 *
 * Own cloud-config is merged last: where both set a key, maps are joined key by key, lists are ours with the own ones
 * behind (an item that is there already is not repeated), and of everything else the own value counts. What only the own
 * text sets stays as it is written there.
 *
 * Throws SPEC_BAD_VALUE with the path of the value; neither a password nor a line of user-data is in the message.
 */
export async function renderCloudInit(setup: CloudInit): Promise<string> {
  const { hostname, packages = [], ssh_keys: keys = [], password, user_data: given = "" } = setup;
  if (password !== undefined) refusePassword(password);
  const ours = {
    ...(hostname !== undefined && { hostname }),
    ...(packages.length > 0 && { packages }),
    ...(keys.length > 0 && { ssh_authorized_keys: keys }),
    // Expired at once is cloud-init's default, and a password from a plan is meant to last.
    ...(password !== undefined && { password, chpasswd: { expire: false } }),
  };
  const own = given.replace(/^\ufeff/u, "").replaceAll("\r\n", "\n");
  const type = typeOf(own);
  // The package is only loaded by who renders: it costs more than the rest of a start.
  const { mergeCloudConfig } = await import("./cloud-config.ts");
  if (type === CLOUD_CONFIG) return HEADER + mergeCloudConfig(ours, own);
  if (Object.keys(ours).length === 0) return own;
  return multipart([
    { type: CLOUD_CONFIG, text: HEADER + mergeCloudConfig(ours, "") },
    { type, text: own },
  ]);
}

/** A text without a first line that tells is taken as cloud-config: cloud-init would ignore it without a word. */
function typeOf(own: string): string {
  const start = own.trimStart().toLowerCase();
  if (/^(content-type|mime-version):/.test(start))
    throw wrong(
      "user_data is a MIME multi-part text, which Ghost does not take apart to put its own values into it.",
      "Give the content of its cloud-config part, or of its script.",
    );
  return LONGEST_FIRST.find(([line]) => start.startsWith(line))?.[1] ?? CLOUD_CONFIG;
}

/** What cloud-init would take for something else than the password. */
function refusePassword(password: string): void {
  const why =
    password === ""
      ? "is empty"
      : password === "R" || password === "RANDOM"
        ? "is a word that cloud-init takes as the wish for a random one"
        : /\p{Cc}/u.test(password)
          ? "has a control character or a line break"
          : undefined;
  if (why !== undefined) throw problem("SPEC_BAD_VALUE", `The password ${why}.`, { hint: "Choose another password.", path: ["password"] });
}

interface Part {
  readonly type: string;
  readonly text: string;
}

/** The boundary follows from the parts, so that it is in none of them and the text is the same every time. */
function multipart(parts: readonly Part[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
  const boundary = `ghost-${digest}`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "MIME-Version: 1.0",
    "",
    ...parts.flatMap((part) => [`--${boundary}`, ...partLines(part)]),
    `--${boundary}--`,
    "",
  ].join("\n");
}

/** Readable where it may be: a text that is not all ASCII gets lost unless it is encoded. */
function partLines({ type, text }: Part): readonly string[] {
  const isAscii = !/[^\n\t\u0020-\u007e]/u.test(text);
  const encoding = isAscii ? "7bit" : "base64";
  const body = isAscii ? text.split("\n") : linesOf(Buffer.from(text).toString("base64"));
  return [`Content-Type: ${type}; charset="utf-8"`, `Content-Transfer-Encoding: ${encoding}`, "", ...body];
}

function linesOf(base64: string): readonly string[] {
  return base64.match(new RegExp(`.{1,${LINE_CHARS}}`, "g")) ?? [];
}

/** What is wrong with own user-data. */
export function wrong(detail: string, hint: string): GhostError {
  return problem("SPEC_BAD_VALUE", detail, { hint, path: ["user_data"] });
}
