/*
 * A certificate made by hand: P-256, signed by itself, for "localhost". Libraries for it need a hundred milliseconds to
 * load, and a provider is started several times for each command. Written after RFC 5280; nothing but a few fixed fields.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Certificate {
  readonly der: Buffer;
  readonly certPem: Buffer;
  readonly keyPem: Buffer;
}

/** Valid from a minute ago for as long as a process may live. The other side pins exactly this one. */
export function makeCertificate(now: Date = new Date()): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // ecdsa-with-SHA256
  const algorithm = sequence(tlv(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  // commonName = localhost
  const name = sequence(tlv(0x31, sequence(tlv(0x06, Buffer.from("550403", "hex")), tlv(0x0c, Buffer.from("localhost")))));
  const serial = randomBytes(16);
  // Positive, and not shortened.
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, serial),
    algorithm,
    name,
    sequence(time(now.getTime() - 60_000), time(now.getTime() + 365 * 86_400_000)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    // subjectAltName = DNS:localhost; basicConstraints = CA, since it is its own issuer.
    tlv(
      0xa3,
      sequence(
        sequence(tlv(0x06, Buffer.from("551d11", "hex")), tlv(0x04, sequence(tlv(0x82, Buffer.from("localhost"))))),
        sequence(tlv(0x06, Buffer.from("551d13", "hex")), tlv(0x01, Buffer.of(0xff)), tlv(0x04, sequence(tlv(0x01, Buffer.of(0xff))))),
      ),
    ),
  );
  const der = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.of(0), sign("sha256", body, privateKey)])));
  return { der, certPem: toPem(der), keyPem: Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })) };
}

export function toPem(der: Buffer): Buffer {
  // OpenSSL does not read what has an empty line at its end.
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return Buffer.from(`-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`);
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** Both forms of RFC 5280: from 2050 on, years have four digits. */
function time(at: number): Buffer {
  const digits = `${new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, "")}`;
  return digits < "2050" ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}
