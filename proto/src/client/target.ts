import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import type { ChannelCredentials, ClientOptions } from "@grpc/grpc-js";

/** What a channel connects to, and how. */
export interface Target {
  readonly uri: string;
  readonly credentials: ChannelCredentials;
  readonly options: ClientOptions;
}

/** Contents of PEM files. */
export interface Identity {
  /** Absent: the machine's own authorities. */
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

/** `host:port` or `unix:/path`, in plain text. */
export function plainTarget(address: string): Target {
  return { uri: uriOf(address), credentials: credentials.createInsecure(), options: {} };
}

/** TLS, where the server's certificate must be for `expectedName`. Throws OpenSSL's error for unusable PEM. */
export function secureTarget(address: string, { ca, key, cert }: Identity, expectedName: string): Target {
  return {
    uri: uriOf(address),
    credentials: credentials.createSsl(ca ?? null, key ?? null, cert ?? null, {
      checkServerIdentity: (_, certificate) => checkServerIdentity(expectedName, certificate),
    }),
    options: {
      // An IP address is no server name (RFC 6066) and Node warns of one; the certificate is checked for it all the same.
      "grpc.ssl_target_name_override": isIP(expectedName) === 0 ? expectedName : "ghost-agent",
    },
  };
}

function uriOf(address: string): string {
  return address.startsWith("unix:") ? address : `dns:${address}`;
}
