import { ServerCredentials } from "@grpc/grpc-js";
import { makeCertificate } from "./certificate.ts";

/** go-plugin's AutoMTLS: each side trusts the one certificate that the other has just made. Undefined when the client made none. */
export function automaticTls(
  clientPem: string | undefined,
): { readonly credentials: ServerCredentials; readonly certificate: Buffer } | undefined {
  if (clientPem === undefined || clientPem === "") return undefined;
  const { der, certPem, keyPem } = makeCertificate();
  const credentials = ServerCredentials.createSsl(Buffer.from(clientPem), [{ cert_chain: certPem, private_key: keyPem }], true);
  return { credentials, certificate: der };
}
