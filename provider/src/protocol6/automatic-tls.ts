import { ServerCredentials } from "@grpc/grpc-js";
import type { Certificate } from "./certificate.ts";

/** go-plugin's AutoMTLS: each side trusts the one certificate that the other has just made. */
export function automaticTls(clientPem: string, { certPem, keyPem }: Certificate): ServerCredentials {
  return ServerCredentials.createSsl(Buffer.from(clientPem), [{ cert_chain: certPem, private_key: keyPem }], true);
}
